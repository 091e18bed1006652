/** A form on a page: its markup, and what somebody has written in its fields, by name or, where it has none, by id. */
export function filled(html: string, values: Record<string, string> = {}): HTMLFormElement {
  document.body.innerHTML = /<form/.test(html) ? html : `<form>${html}</form>`;
  for (const [name, value] of Object.entries(values)) {
    const field = document.querySelector<HTMLInputElement>(`[name="${name}"],[id="${name}"]`);
    if (!field) throw new Error(`the form has no field ${name}`);
    field.value = value;
  }
  return document.querySelector("form")!;
}
