import { describe, expect, test } from "vitest";
import { readForm } from "../src/forms";
import { filled } from "./filled";

const traitsOf = (html: string, values: Record<string, string>) => readForm(filled(html, values)).traits;
const MARA = "mara@norrvik.example";

describe("who the sender is", () => {
  test.each([
    ["its type", '<input type="email" name="field_3">', "field_3"],
    ["autocomplete", '<input autocomplete="section-a work email" name="field_3">', "field_3"],
    ["its name", '<input name="your-email">', "your-email"],
    ["its name, hyphened", '<input name="Work_E-Mail">', "Work_E-Mail"],
    ["its id", '<input name="f3" id="contactEmail">', "f3"],
    ["its label", '<label for="f3">Work e-mail *</label><input id="f3" name="f3">', "f3"],
    ["the label around it", "<label>E-mail address <input name=f3></label>", "f3"],
    ["aria-label", '<input name="f3" aria-label="E-mail">', "f3"],
    ["aria-labelledby", '<p id="q1">What is</p><p id="q2">your e-mail?</p><input name="f3" aria-labelledby="q1 q2">', "f3"],
    ["its placeholder", '<input name="f3" placeholder="E-mail">', "f3"],
    ["the keyboard it wants", '<input name="f3" inputmode="email">', "f3"],
    ["the example in it", '<input name="f3" placeholder="you@company.com">', "f3"],
    ["the words before it", "<div><span>E-mail</span><input name=f3></div>", "f3"],
    ["the cell before it", "<table><tr><td>E-mail</td><td><input name=f3></td></tr></table>", "f3"],
    ["being what one signs in with", '<input name="username" autocomplete="username"><input type="password" name="p">', "username"],
  ])("an e-mail is recognised by %s", (_by, html, name) => {
    expect(traitsOf(html, { [name]: ` ${MARA} ` })).toEqual({ email: MARA });
  });

  test("what else is known about the sender comes along", () => {
    const html = `
      <input name="name" autocomplete="name"><input type="email" name="email"><input name="company" autocomplete="organization">
      <input name="phone" type="tel"><input name="role" autocomplete="organization-title"><textarea name="message"></textarea>`;
    const values = {
      name: "Mara Lindqvist",
      email: MARA,
      company: "Norrvik Foods",
      phone: "+46 31 000 00 00",
      role: "Head of Purchasing",
      message: "Call me on Monday",
    };
    expect(readForm(filled(html, values))).toMatchObject({
      traits: { name: "Mara Lindqvist", email: MARA, company: "Norrvik Foods", phone: "+46 31 000 00 00", job_title: "Head of Purchasing" },
      fields: ["name", "email", "company", "phone", "role", "message"],
    });
  });

  test.each([
    ["first, then last", '<input name="firstName"><input name="last_name">', { firstName: "Mara", last_name: "Lindqvist" }],
    ["last, then first", '<input name="surname"><input name="given">', { surname: "Lindqvist", given: "Mara" }],
    ["a name and a surname", '<input name="nombre"><input name="apellidos">', { nombre: "Mara", apellidos: "Lindqvist" }],
    ["a family name that is called name", '<input name="name"><input name="vorname">', { name: "Lindqvist", vorname: "Mara" }],
    ["both, and the whole of it", '<input name="name"><input name="vorname">', { name: "Mara Lindqvist", vorname: "Mara" }],
    ["with a title apart", '<select name="anrede"><option>Frau</option></select><input name="title"><input name="name">', { title: "Dr.", name: "Mara Lindqvist" }],
  ])("a name in parts becomes one: %s", (_how, html, values) => {
    expect(traitsOf(`${html}<input type="email" name="email">`, { ...values, email: MARA })).toEqual({ name: "Mara Lindqvist", email: MARA });
  });

  test("a family's name comes first where it does", () => {
    const html = '<label>姓<input name="a"></label><label>名<input name="b"></label><label>フリガナ<input name="c"></label><input type="email" name="email">';
    expect(traitsOf(html, { a: "山田", b: "花子", c: "ヤマダハナコ", email: "hanako@yamada.example" })).toEqual({
      email: "hanako@yamada.example",
      name: "山田 花子",
    });
  });

  test.each(["mara", "mara@", "mara@localhost", "mara lindqvist@norrvik.example", "mara@norrvik..example", "a@b.example, c@d.example", ""])(
    "%j introduces nobody",
    (email) => {
      expect(traitsOf('<input name="name"><input name="email">', { name: "Mara", email })).toBeUndefined();
    },
  );

  test("a company's name is not a person's", () => {
    const html = '<input name="company_name"><input name="username"><input type="email" name="email">';
    expect(traitsOf(html, { company_name: "Norrvik Foods", username: "mara", email: MARA })).toEqual({ company: "Norrvik Foods", email: MARA });
  });

  test.each([
    ["a company's size", '<input name="company_size">', "50 to 100"],
    ["its website", '<input name="company_website">', "norrvik.example"],
    ["its address", '<input name="companyAddress">', "Kajgatan 4"],
    ["a message's title", '<input name="title">', "My order is late"],
    ["a nickname", '<input name="name" autocomplete="nickname">', "Mimi"],
    ["a fax", '<input name="company_fax" type="tel">', "+46 31 000 00 01"],
    ["a middle name", '<input name="middle_name">', "Ida"],
    ["a question", '<label>How did you hear about our company?<input name="q1"></label>', "From a film"],
  ])("%s is no trait", (_what, html, value) => {
    const [, name] = /name="(\w+)"/.exec(html)!;
    expect(traitsOf(`${html}<input type="email" name="email">`, { [name!]: value, email: MARA })).toEqual({ email: MARA });
  });

  test("a bare title beside a company is a job's", () => {
    const html = '<input name="company"><input name="title"><input name="email">';
    expect(traitsOf(html, { company: "Norrvik Foods", title: "Buyer", email: MARA })).toMatchObject({ job_title: "Buyer" });
  });
});

describe("several e-mails", () => {
  const HANS = "hans@norrvik.example";

  test.each([
    ["repeated, it is one", '<input name="email"><input name="email_confirm">', { email: MARA, email_confirm: MARA }],
    ["a friend's beside it is left alone", '<input name="friend_email"><input name="your_email">', { friend_email: HANS, your_email: MARA }],
    ["a colleague's, by its label", '<input type="email" name="a"><label>Colleague\'s e-mail<input type="email" name="b"></label>', { a: MARA, b: HANS }],
    ["a friend's, by its group", '<input type="email" name="a"><fieldset><legend>Your friend</legend><input type="email" name="b"></fieldset>', { a: MARA, b: HANS }],
    ["the one marked as the sender's own", '<input name="billing_email"><input name="my_email">', { billing_email: HANS, my_email: MARA }],
    ["the one the browser fills in", '<input type="email" name="to_notify"><input name="e" autocomplete="email">', { to_notify: HANS, e: MARA }],
    ["otherwise the first", '<input name="work_email"><input name="private_email">', { work_email: MARA, private_email: HANS }],
  ])("%s", (_which, html, values) => {
    expect(traitsOf(html, values)).toEqual({ email: MARA });
  });

  test.each([
    ["a list of people", '<input type="email" name="emails[0]"><input type="email" name="emails[1]">', { "emails[0]": MARA, "emails[1]": HANS }],
    ["only a friend's", '<label>Your friend\'s e-mail<input type="email" name="email"></label>', { email: MARA }],
    ["a form for telling a friend", '<form id="tell-a-friend"><input type="email" name="email"></form>', { email: MARA }],
    ["a gift's receiver", '<input type="email" name="recipient_email">', { recipient_email: MARA }],
    ["an address to send to", '<input type="email" name="to"><textarea name="message"></textarea>', { to: MARA }],
    ["a friend's, in German", "<label>E-Mail des Empfängers<input type=email name=f1></label>", { f1: MARA }],
    ["a friend's, in French", "<label>E-mail de votre ami<input type=email name=f1></label>", { f1: MARA }],
    ["a friend's, in Spanish", "<label>Correo de tu amigo<input type=email name=f1></label>", { f1: MARA }],
    ["a friend's, in Polish", "<label>E-mail znajomego<input type=email name=f1></label>", { f1: MARA }],
  ])("%s introduces nobody", (_what, html, values) => {
    expect(traitsOf(html, values)).toBeUndefined();
  });

  test("a friend's name is not the sender's either", () => {
    const html = '<input name="friends_name"><input name="friends_email"><input name="your_name"><input name="your_email">';
    const values = { friends_name: "Hans", friends_email: HANS, your_name: "Mara", your_email: MARA };
    expect(traitsOf(html, values)).toEqual({ email: MARA, name: "Mara" });
  });
});

describe("where fields stand", () => {
  test("outside of their form, which they name", () => {
    document.body.innerHTML = `<form id="f"></form><input form="f" type="email" name="email" value="${MARA}">`;
    expect(readForm(document.querySelector("form")!)).toMatchObject({ traits: { email: MARA }, fields: ["email"] });
  });

  test("inside a component's open shadow root", () => {
    const form = filled("<fancy-field></fancy-field>");
    const root = form.firstElementChild!.attachShadow({ mode: "open" });
    root.innerHTML = `<input type="email" name="e" value="${MARA}">`;
    expect(readForm(form, [root])).toMatchObject({ traits: { email: MARA }, fields: ["e"] });
    expect(readForm(document.createElement("form"), [root])).toMatchObject({ traits: undefined, fields: [] });
  });

  test("a field called id, name or elements does not hide the form's own", () => {
    const read = readForm(filled('<input name="id"><input name="elements"><input type="email" name="email">', { email: MARA }));
    expect(read).toMatchObject({ traits: { email: MARA }, fields: ["id", "elements", "email"] });
  });

  test("among five hundred others", () => {
    const many = (from: number) => Array.from({ length: 250 }, (_, index) => `<input name="q${from + index}" value="Answer ${from + index}">`).join("");
    const form = filled(`${many(0)}<input name="full_name" value="Mara Lindqvist"><input type="email" name="email" value="${MARA}">${many(250)}`);
    const read = readForm(form);
    expect(read.traits).toEqual({ name: "Mara Lindqvist", email: MARA });
    expect(read.fields.length).toBe(50);
  });
});
