import { expect, test } from "vitest";
import { readForm } from "../src/forms";
import { filled } from "./filled";

// Contact forms as sites of many countries have them: labels around or beside fields whose names say nothing.

interface Person {
  email: string;
  name: string;
  company?: string;
  phone?: string;
  job_title?: string;
}

const labelled = (labels: string[]): string => labels.map((label, index) => `<p><label for="f${index}">${label} *</label><input id="f${index}" name="input_${index}"></p>`).join("");

const MARA: Person = {
  email: "mara@norrvik.example",
  name: "Mara Lindqvist",
  company: "Norrvik Foods AB",
  phone: "+46 31 000 00 00",
  job_title: "Head of Purchasing",
};

/** First name, last name, company, job title, phone, e-mail. */
test.each([
  ["English", ["First name", "Last name", "Company", "Job title", "Phone", "E-mail"]],
  ["English, formally", ["Given name", "Family name", "Organisation", "Position", "Telephone number", "Business e-mail address"]],
  ["German", ["Vorname", "Nachname", "Unternehmen", "Position", "Telefonnummer", "E-Mail-Adresse"]],
  ["Austrian", ["Vorname", "Familienname", "Firma", "Funktion im Unternehmen", "Handynummer", "Mail"]],
  ["French", ["Prénom", "Nom", "Société", "Fonction", "Téléphone", "Adresse e-mail"]],
  ["French of Canada", ["Prénom", "Nom de famille", "Entreprise", "Poste", "Portable", "Courriel"]],
  ["Spanish", ["Nombre", "Apellidos", "Empresa", "Cargo", "Teléfono", "Correo electrónico"]],
  ["Spanish of Mexico", ["Nombre(s)", "Apellido paterno", "Compañía", "Puesto", "Celular", "Email"]],
  ["Italian", ["Nome", "Cognome", "Azienda", "Ruolo", "Telefono", "Indirizzo e-mail"]],
  ["Italian, formally", ["Nome", "Cognome", "Ragione sociale", "Mansione", "Cellulare", "Posta elettronica"]],
  ["Portuguese", ["Nome", "Apelido", "Empresa", "Cargo", "Telemóvel", "E-mail"]],
  ["Portuguese of Brazil", ["Nome", "Sobrenome", "Empresa", "Função", "Celular", "Correio eletrônico"]],
  ["Dutch", ["Voornaam", "Achternaam", "Bedrijfsnaam", "Functie", "Telefoonnummer", "E-mailadres"]],
  ["Swedish", ["Förnamn", "Efternamn", "Företag", "Befattning", "Telefonnummer", "E-post"]],
  ["Danish", ["Fornavn", "Efternavn", "Virksomhed", "Stilling", "Mobilnummer", "Mail"]],
  ["Norwegian", ["Fornavn", "Etternavn", "Bedrift", "Stilling", "Telefon", "E-postadresse"]],
  ["Polish", ["Imię", "Nazwisko", "Nazwa firmy", "Stanowisko", "Numer telefonu", "Adres e-mail"]],
  ["Czech", ["Jméno", "Příjmení", "Společnost", "Pozice", "Telefon", "E-mail"]],
])("%s labels are understood", (_language, labels) => {
  const [first, last] = MARA.name.split(" ");
  const written = [first!, last!, MARA.company!, MARA.job_title!, MARA.phone!, MARA.email];
  const form = filled(labelled(labels), Object.fromEntries(written.map((value, index) => [`input_${index}`, value])));
  expect(readForm(form).traits).toEqual(MARA);
});

/** The whole name in one field, company, phone, e-mail. */
test.each([
  ["English", ["Full name", "Company name", "Mobile", "Your e-mail"]],
  ["English, with what it is for", ["Your name (as on your badge)", "Who is your employer?", "Phone (optional)", "Email address"]],
  ["German", ["Vor- und Nachname", "Firmenname", "Rufnummer", "Ihre E-Mail"]],
  ["German, the other way", ["Name, Vorname", "Betrieb", "Telefon", "E-Mail"]],
  ["German, a company's", ["Ansprechpartner", "Firma", "Telefon geschäftlich", "Emailadresse"]],
  ["French", ["Nom et prénom", "Raison sociale", "Tél.", "E-mail professionnel"]],
  ["French, the other way", ["Prénom & Nom", "Nom de l'entreprise", "Téléphone mobile", "Adresse électronique"]],
  ["Spanish", ["Nombre y apellidos", "Nombre de la empresa", "Móvil", "Correo"]],
  ["Italian", ["Nome e cognome", "Nome dell'azienda", "Numero di telefono", "La tua email"]],
  ["Portuguese", ["Nome completo", "Nome da empresa", "Telefone", "Seu e-mail"]],
  ["Dutch", ["Voor- en achternaam", "Organisatie", "Telefoon", "Uw e-mailadres"]],
  ["Swedish", ["För- och efternamn", "Företagsnamn", "Mobil", "Din e-postadress"]],
  ["Danish", ["Navn", "Firmanavn", "Tlf.", "E-mailadresse"]],
  ["Norwegian", ["For- og etternavn", "Firma", "Mobiltelefon", "Din e-post"]],
  ["Polish", ["Imię i nazwisko", "Firma", "Telefon komórkowy", "Twój e-mail"]],
  ["Czech", ["Jméno a příjmení", "Název společnosti", "Telefonní číslo", "Váš e-mail"]],
  ["Japanese", ["お名前", "会社名", "電話番号", "メールアドレス"]],
  ["Japanese, formally", ["氏名", "貴社名", "携帯番号", "Ｅメール"]],
  ["Chinese", ["姓名", "公司名称", "手机号码", "电子邮箱"]],
  ["Chinese of Taiwan", ["姓名", "公司名稱", "聯絡電話", "電子郵件"]],
  ["Korean", ["이름", "회사명", "전화번호", "이메일"]],
])("%s forms with one field for the name are understood", (_language, labels) => {
  const { name, company, phone, email } = MARA;
  const form = filled(labelled(labels), { input_0: name, input_1: company!, input_2: phone!, input_3: email });
  expect(readForm(form).traits).toEqual({ name, company, phone, email });
});

// What form builders make of the same questions.
test.each<[string, string, Record<string, string>, Partial<Person>, string[]]>([
  [
    "a marketing suite",
    `<form id="hsForm_00000000-0000" class="hs-form-private"><fieldset class="form-columns-2">
      <div class="hs_firstname hs-firstname"><label id="label-firstname-0" for="firstname-0"><span>First Name</span><span class="hs-form-required">*</span></label>
        <legend class="hs-field-desc" style="display:none"></legend><div class="input"><input id="firstname-0" name="firstname" type="text" class="hs-input" autocomplete="given-name"></div></div>
      <div class="hs_lastname"><label for="lastname-0"><span>Last Name</span></label><div class="input"><input id="lastname-0" name="lastname" type="text" autocomplete="family-name"></div></div></fieldset>
      <div class="hs_email"><label for="email-0"><span>Work Email</span></label><input id="email-0" name="email" type="email" inputmode="email" autocomplete="email"></div>
      <div class="hs_0-2/name"><label for="c-0"><span>Company name</span></label><input id="c-0" name="0-2/name" type="text" autocomplete="organization"></div>
      <div class="hs_jobtitle"><label for="jobtitle-0"><span>Job Title</span></label><input id="jobtitle-0" name="jobtitle" type="text"></div>
      <div><label for="phone-0"><span>Phone number</span></label><input type="tel" id="phone-0" name="phone"></div>
      <input name="hs_context" type="hidden" value="{&quot;email&quot;:&quot;x@y.example&quot;}"></form>`,
    { firstname: "Mara", lastname: "Lindqvist", email: MARA.email, "0-2/name": MARA.company!, jobtitle: MARA.job_title!, phone: MARA.phone! },
    MARA,
    ["firstname", "lastname", "email", "0-2/name", "jobtitle", "phone"],
  ],
  [
    "a contact plugin with wrapping labels",
    `<form action="/contact/#wpcf7-f12-p7-o1" method="post" class="wpcf7-form init" novalidate="novalidate">
      <fieldset class="hidden-fields-container"><input type="hidden" name="_wpcf7_unit_tag" value="wpcf7-f12-p7-o1"></fieldset>
      <p><label> Your name<br><span class="wpcf7-form-control-wrap" data-name="your-name"><input size="40" maxlength="400" class="wpcf7-text" autocomplete="name" value="" type="text" name="your-name"></span></label></p>
      <p><label> Your email<br><span data-name="your-email"><input class="wpcf7-email" autocomplete="email" value="" type="email" name="your-email"></span></label></p>
      <p><label> Telefon<br><span><input class="wpcf7-tel" value="" type="tel" name="tel-871"></span></label></p>
      <p><label> Subject<br><span><input class="wpcf7-text" value="" type="text" name="your-subject"></span></label></p>
      <p><label> Your message<br><span><textarea name="your-message"></textarea></span></label></p>
      <p><input class="wpcf7-submit" type="submit" value="Submit"></p></form>`,
    { "your-name": MARA.name, "your-email": MARA.email, "tel-871": MARA.phone!, "your-subject": "A question", "your-message": "Hello" },
    { name: MARA.name, email: MARA.email, phone: MARA.phone! },
    ["your-name", "your-email", "tel-871", "your-subject", "your-message"],
  ],
  [
    "a form plugin with numbered fields",
    `<form id="gform_1" method="post" target="gform_ajax_frame_1" action="/contact/"><fieldset id="field_1_1" class="gfield gfield--type-name"><legend class="gfield_label">Name<span>(Required)</span></legend>
      <div class="ginput_complex"><span class="name_first"><input type="text" name="input_1.3" id="input_1_1_3"><label for="input_1_1_3">First</label></span>
      <span class="name_last"><input type="text" name="input_1.6" id="input_1_1_6"><label for="input_1_1_6">Last</label></span></div></fieldset>
      <div class="gfield"><label for="input_1_2">Email<span class="gfield_required">*</span></label><div><input name="input_2" id="input_1_2" type="email"></div></div>
      <div class="gfield"><label for="input_1_3">Company</label><div><input name="input_3" id="input_1_3" type="text"></div></div>
      <div class="gfield gform_validation_container"><label for="input_1_9">URL</label><div><input name="input_9" id="input_1_9" type="text" autocomplete="new-password"></div></div>
      <input type="hidden" name="gform_unique_id" value=""></form>`,
    { "input_1.3": "Mara", "input_1.6": "Lindqvist", input_2: MARA.email, input_3: MARA.company! },
    { name: MARA.name, email: MARA.email, company: MARA.company! },
    ["input_1.3", "input_1.6", "input_2", "input_3"],
  ],
  [
    "a one-question-at-a-time form",
    `<form><section role="group" aria-label="Question 1"><div id="q-aa"><h2>What's your full name?</h2></div><input type="text" aria-labelledby="q-aa" name="a1" autocomplete="name" placeholder="Type your answer here..."></section>
      <section><div id="q-bb"><h2>And your work email?</h2></div><input type="email" aria-labelledby="q-bb" name="b2" placeholder="name@example.com"></section>
      <section><div id="q-cc"><h2>Which company are you with?</h2></div><input type="text" aria-labelledby="q-cc" name="c3" placeholder="Type your answer here..."></section></form>`,
    { a1: MARA.name, b2: MARA.email, c3: MARA.company! },
    { name: MARA.name, email: MARA.email, company: MARA.company! },
    ["a1", "b2", "c3"],
  ],
  [
    "a site builder",
    `<form id="email-form" name="email-form" data-name="Email Form" method="get"><label for="name">Name</label><input class="w-input" maxlength="256" name="name" data-name="Name" placeholder="" type="text" id="name">
      <label for="email">Email Address</label><input class="w-input" maxlength="256" name="email" data-name="Email" type="email" id="email" required>
      <label for="field">Organization</label><input class="w-input" name="field" data-name="Field" type="text" id="field">
      <input type="submit" data-wait="Please wait..." class="w-button" value="Submit"></form>`,
    { name: MARA.name, email: MARA.email, field: MARA.company! },
    { name: MARA.name, email: MARA.email, company: MARA.company! },
    ["name", "email", "field"],
  ],
  [
    "a sales suite's web-to-lead form",
    `<form action="https://crm.example/servlet/lead" method="POST"><input type="hidden" name="oid" value="00D"><label for="first_name">First Name</label><input id="first_name" maxlength="40" name="first_name" size="20" type="text">
      <label for="last_name">Last Name</label><input id="last_name" name="last_name" type="text"><label for="email">Email</label><input id="email" name="email" type="text">
      <label for="company">Company</label><input id="company" name="company" type="text"><label for="title">Title</label><input id="title" name="title" type="text">
      Budget:<input id="00N000" name="00N000" type="text"></form>`,
    { first_name: "Mara", last_name: "Lindqvist", email: MARA.email, company: MARA.company!, title: MARA.job_title!, "00N000": "A lot" },
    { name: MARA.name, email: MARA.email, company: MARA.company!, job_title: MARA.job_title! },
    ["first_name", "last_name", "email", "company", "title", "00N000"],
  ],
  [
    "a newsletter's sign-up, with a trap for robots",
    `<form action="https://list.example/subscribe/post?u=1&amp;id=2" method="post" id="mc-embedded-subscribe-form" name="mc-embedded-subscribe-form" target="_blank">
      <label for="mce-EMAIL">Email Address</label><input type="email" name="EMAIL" id="mce-EMAIL"><label for="mce-FNAME">First Name</label><input type="text" name="FNAME" id="mce-FNAME">
      <label for="mce-LNAME">Last Name</label><input type="text" name="LNAME" id="mce-LNAME">
      <div style="position:absolute;left:-5000px" aria-hidden="true"><input type="text" name="b_1_2" tabindex="-1" value=""></div></form>`,
    { EMAIL: MARA.email, FNAME: "Mara", LNAME: "Lindqvist" },
    { name: MARA.name, email: MARA.email },
    ["EMAIL", "FNAME", "LNAME", "b_1_2"],
  ],
  [
    "a shop's checkout",
    `<form><input id="email" name="email" type="email" autocomplete="shipping email"><select name="countryCode" autocomplete="shipping country"><option>SE</option></select>
      <input name="firstName" autocomplete="shipping given-name" placeholder="First name (optional)"><input name="lastName" autocomplete="shipping family-name">
      <input name="address1" autocomplete="shipping address-line1" placeholder="Address"><input name="city" autocomplete="shipping address-level2">
      <input name="phone" type="tel" autocomplete="shipping tel"><input name="number" autocomplete="cc-number" inputmode="numeric"><input name="name" autocomplete="cc-name" placeholder="Name on card"></form>`,
    { email: MARA.email, firstName: "Mara", lastName: "Lindqvist", address1: "Kajgatan 4", city: "Göteborg", phone: MARA.phone!, number: "4000 0000 0000 0002", name: "M LINDQVIST" },
    { name: MARA.name, email: MARA.email, phone: MARA.phone! },
    ["email", "countryCode", "firstName", "lastName", "address1", "city", "phone"],
  ],
])("what %s makes is understood", (_builder, html, values, traits, fields) => {
  expect(readForm(filled(html, values))).toMatchObject({ fields });
  expect(readForm(filled(html, values)).traits).toEqual(traits);
});
