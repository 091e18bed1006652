import { describe, expect, test } from "vitest";
import { readForm } from "../src/forms";
import { filled } from "./filled";

const MARA = "mara@norrvik.example";

describe("what is never looked at", () => {
  test.each([
    ["passwords", '<input type="password" name="secretish">', "secretish"],
    ["passwords shown as text", '<input type="text" name="password">', "password"],
    ["new passwords", '<input name="field_1" autocomplete="new-password">', "field_1"],
    ["one-time codes", '<input name="field_1" autocomplete="one-time-code">', "field_1"],
    ["card numbers", '<input name="field_1" autocomplete="billing cc-number">', "field_1"],
    ["names on cards", '<input name="name" autocomplete="cc-name">', "name"],
    ["card codes", '<input name="cvc">', "cvc"],
    ["tokens", '<input name="csrf_token">', "csrf_token"],
    ["hidden inputs", '<input type="hidden" name="email_from_server">', "email_from_server"],
    ["ignored fields", '<input type="email" name="email" data-leadlight-ignore>', "email"],
    ["what is in an ignored part", '<div data-leadlight-ignore><p><input type="email" name="email"></p></div>', "email"],
    ["an ignored form", '<form data-leadlight-ignore><input type="email" name="email"></form>', "email"],
  ])("%s", (_what, html, name) => {
    const read = readForm(filled(html, { [name]: MARA }));
    expect(read).toEqual({ traits: undefined, fields: [], proof: "" });
  });

  test("an ignored component, whatever is inside it", () => {
    const form = filled("<fancy-field data-leadlight-ignore></fancy-field>");
    const root = form.firstElementChild!.attachShadow({ mode: "open" });
    root.innerHTML = `<input type="email" name="e" value="${MARA}">`;
    expect(readForm(form, [root])).toEqual({ traits: undefined, fields: [], proof: "" });
  });

  test("fields that the browser does not send", () => {
    const form = filled(`<input type="email" name="email" value="${MARA}" disabled>`);
    expect(readForm(form).traits).toBeUndefined();
  });

  test("texts over 200 characters", () => {
    const html = '<input name="name"><input type="email" name="email">';
    expect(readForm(filled(html, { name: "M".repeat(201), email: MARA })).traits).toEqual({ email: MARA });
  });
});

// A form asks for something official under a label of its country, right beside the e-mail, in a field that calls itself a name.
test.each([
  ["password", ["Password", "Passwort", "Kennwort", "Mot de passe", "Contraseña", "Senha", "Wachtwoord", "Lösenord", "Adgangskode", "Passord", "Hasło", "Heslo", "パスワード", "密码", "비밀번호"]],
  ["card", ["Name on card", "Kreditkarte", "Karteninhaber Name", "Nom sur la carte bancaire", "Nombre en la tarjeta", "Nome sulla carta di credito", "Nome no cartão", "Kortnamn", "Imię na karcie / numer karty", "カード名義 名前", "信用卡姓名"]],
  ["bank", ["IBAN", "Kontonummer", "Bank name", "Account number", "Routing number", "Rekeningnummer", "SWIFT / BIC"]],
  ["code", ["Verification code", "One-time code", "OTP", "SMS code", "Bestätigungscode", "Code de vérification", "Código de verificación", "Codice di sicurezza", "Verificatiecode", "Engångskod", "Kod weryfikacyjny", "認証コード", "验证码"]],
  ["official number", ["SSN", "Social security number", "Passport number", "Steuer-ID", "Sozialversicherungsnummer", "Ausweisnummer", "Numéro de sécurité sociale", "DNI", "NIF", "Codice fiscale", "CPF", "BSN", "Personnummer", "CPR-nummer", "Fødselsnummer", "PESEL", "Rodné číslo", "マイナンバー", "身份证号"]],
])("a field for a %s stays closed in every language", (_what, labels) => {
  for (const label of labels) {
    for (const markup of [`<label>${label}<input name="name_1"></label>`, `<input name="name_1" placeholder="${label}">`, `<input name="name_1" aria-label="${label}">`]) {
      const read = readForm(filled(`${markup}<input type="email" name="email">`, { name_1: "Sesam oeffne dich", email: MARA }));
      expect([label, read.traits]).toEqual([label, { email: MARA }]);
    }
  }
});

/** The same order of random numbers from the same seed: a failure can be run again. */
function randomFrom(seed: number) {
  let state = seed;
  const next = (below: number): number => (state = (state * 48271) % 2147483647) % below;
  return { next, of: <T>(choices: readonly T[]): T => choices[next(choices.length)]! };
}

function luhn(random: ReturnType<typeof randomFrom>, length: number): string {
  const digits = [4, ...Array.from({ length: length - 2 }, () => random.next(10))];
  const sum = digits.reduce((total, digit, place) => {
    const worth = (length - place) % 2 ? digit : digit * 2;
    return total + (worth > 9 ? worth - 9 : worth);
  }, 0);
  return [...digits, (10 - (sum % 10)) % 10].join("");
}

test("numbers of cards, accounts and people are never told, wherever they were typed", () => {
  for (let seed = 1; seed <= 400; seed++) {
    const random = randomFrom(seed * 7919);
    const digits = (count: number): string => Array.from({ length: count }, () => random.next(10)).join("");
    const card = luhn(random, random.of([13, 14, 15, 16, 19]));
    const official = random.of([
      card,
      card.replace(/(\d{4})(?=\d)/g, `$1${random.of([" ", "-"])}`),
      `SE${digits(22)}`,
      `DE${digits(2)} ${digits(4)} ${digits(4)} ${digits(4)} ${digits(4)} ${digits(2)}`,
      `FR${digits(12)}AB${digits(6)}X${digits(2)}`,
      `${digits(3)}-${digits(2)}-${digits(4)}`,
      `${digits(6)}-${digits(4)}`,
      `${digits(6)}+${digits(3)}`,
      `${digits(3)}.${digits(3)}.${digits(3)}-${digits(2)}`,
      `LNDMRA${digits(2)}A${digits(2)}F${digits(3)}X`,
      `${digits(8)}Z`,
    ]);
    const into = random.of(["name", "first_name", "surname", "company", "job_title", "phone", "mobile"]);
    const type = random.of(["text", "tel"]);
    const html = `<input type="${type}" name="${into}"><input type="email" name="email"><textarea name="message"></textarea>`;
    const { traits, fields } = readForm(filled(html, { [into]: official, email: MARA, message: official }));
    expect([official, into, traits, fields]).toEqual([official, into, { email: MARA }, [into, "email", "message"]]);
  }
});

test("what is told of any form is its e-mail, its other known traits and its fields' names, and nothing else", () => {
  const open = [
    ["name", "Mara Lindqvist"],
    ["company", "Norrvik Foods"],
    ["phone", "+46 31 000 00 00"],
    ["job_title", "Buyer"],
  ] as const;
  const closed = [
    '<input type="password" name="N">',
    '<input type="hidden" name="N">',
    '<input name="N" autocomplete="cc-number">',
    '<input name="N" autocomplete="one-time-code">',
    '<input name="N" autocomplete="current-password">',
    '<label>Password<input name="N"></label>',
    '<input name="N_token">',
    '<div data-leadlight-ignore><input name="N_name"></div>',
    '<input data-leadlight-ignore name="N_company">',
    '<textarea name="N"></textarea>',
    '<input type="search" name="N">',
    '<input type="number" name="N">',
    '<input type="date" name="N">',
    '<select name="N"><option value="SECRET">One</option></select>',
    '<input type="checkbox" name="N" value="SECRET" checked>',
    '<input name="N_name" disabled>',
    '<label>Friend\'s name<input name="N"></label>',
    '<label>Anything else<input name="N"></label>',
  ];
  for (let seed = 1; seed <= 300; seed++) {
    const random = randomFrom(seed * 104729);
    const told = open.filter(() => random.next(2));
    const parts = [...told.map(([name, value]) => `<input name="${name}" value="${value}">`), `<input type="email" name="email" value="${MARA}">`];
    for (let count = random.next(8); count >= 0; count--) {
      const number = random.next(1000);
      const part = random.of(closed).replace("N", `q${number}`).replace("SECRET", `secret${number}`);
      parts.splice(random.next(parts.length + 1), 0, part);
    }
    const form = filled(parts.join(""));
    form.querySelectorAll<HTMLInputElement>("[name^=q]").forEach((field, index) => {
      if (/^(password|hidden|text|textarea|search)$/.test(field.type)) field.value = `secret${index}`;
      if (field.type === "number") field.value = "424242";
    });
    const { traits, fields } = readForm(form);
    expect(traits).toEqual({ email: MARA, ...Object.fromEntries(told) });
    expect(JSON.stringify([traits, fields])).not.toMatch(/secret|424242/);
  }
});
