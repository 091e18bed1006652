import { beforeEach, describe, expect, test } from "vitest";
import { readForm } from "../src/forms";

function form(html: string, values: Record<string, string>): HTMLFormElement {
  document.body.innerHTML = `<form>${html}</form>`;
  for (const [name, value] of Object.entries(values)) {
    (document.querySelector(`[name="${name}"]`) as HTMLInputElement).value = value;
  }
  return document.querySelector("form")!;
}

beforeEach(() => {
  document.body.innerHTML = "";
});

describe("who the sender is", () => {
  test.each([
    ["its type", '<input type="email" name="field_3">', "field_3"],
    ["autocomplete", '<input autocomplete="email" name="field_3">', "field_3"],
    ["its name", '<input name="your-email">', "your-email"],
    ["its name, hyphened", '<input name="Work_E-Mail">', "Work_E-Mail"],
  ])("an e-mail is recognised by %s", (_by, html, name) => {
    const { traits } = readForm(form(html, { [name]: " mara@norrvik.example " }));
    expect(traits).toEqual({ email: "mara@norrvik.example" });
  });

  test("what else is known about the sender comes along", () => {
    const html = `
      <input name="name" autocomplete="name"><input type="email" name="email"><input name="company" autocomplete="organization">
      <input name="phone" type="tel"><input name="role" autocomplete="organization-title"><textarea name="message"></textarea>`;
    const values = {
      name: "Mara Lindqvist",
      email: "mara@norrvik.example",
      company: "Norrvik Foods",
      phone: "+46 31 000 00 00",
      role: "Head of Purchasing",
      message: "Call me on Monday",
    };
    expect(readForm(form(html, values))).toEqual({
      traits: {
        name: "Mara Lindqvist",
        email: "mara@norrvik.example",
        company: "Norrvik Foods",
        phone: "+46 31 000 00 00",
        job_title: "Head of Purchasing",
      },
      fields: ["name", "email", "company", "phone", "role", "message"],
    });
  });

  test("a name in two fields becomes one", () => {
    const html = '<input name="firstName"><input name="last_name"><input type="email" name="email">';
    const values = { firstName: "Mara", last_name: "Lindqvist", email: "mara@norrvik.example" };
    expect(readForm(form(html, values)).traits).toEqual({ name: "Mara Lindqvist", email: "mara@norrvik.example" });
  });

  test.each(["mara", "mara@", "mara@localhost", "mara lindqvist@norrvik.example", ""])("%j introduces nobody", (email) => {
    const html = '<input name="name"><input name="email">';
    expect(readForm(form(html, { name: "Mara", email })).traits).toBeUndefined();
  });

  test("a company's name is not a person's", () => {
    const html = '<input name="company_name"><input name="username"><input type="email" name="email">';
    const values = { company_name: "Norrvik Foods", username: "mara", email: "mara@norrvik.example" };
    expect(readForm(form(html, values)).traits).toEqual({ company: "Norrvik Foods", email: "mara@norrvik.example" });
  });
});

describe("what is never looked at", () => {
  test.each([
    ["passwords", '<input type="password" name="secretish">', "secretish"],
    ["passwords shown as text", '<input type="text" name="password">', "password"],
    ["new passwords", '<input name="field_1" autocomplete="new-password">', "field_1"],
    ["one-time codes", '<input name="field_1" autocomplete="one-time-code">', "field_1"],
    ["card numbers", '<input name="field_1" autocomplete="cc-number">', "field_1"],
    ["card codes", '<input name="cvc">', "cvc"],
    ["hidden inputs", '<input type="hidden" name="email_from_server">', "email_from_server"],
    ["ignored fields", '<div data-leadlight-ignore><input type="email" name="email"></div>', "email"],
  ])("%s", (_what, html, name) => {
    const read = readForm(form(html, { [name]: "mara@norrvik.example" }));
    expect(read).toEqual({ traits: undefined, fields: [] });
  });

  test("a field over 200 characters", () => {
    const html = '<input name="name"><input type="email" name="email">';
    const values = { name: "M".repeat(201), email: "mara@norrvik.example" };
    expect(readForm(form(html, values)).traits).toEqual({ email: "mara@norrvik.example" });
  });
});

test("a field called id or name does not hide the form's own", () => {
  const read = readForm(form('<input name="id"><input name="elements"><input type="email" name="email">', { email: "mara@norrvik.example" }));
  expect(read.fields).toEqual(["id", "elements", "email"]);
});
