import { watchChoices } from "./more/choices";
import { comeTo, readEarly, watchForForms } from "./more/forms";
import { followLink } from "./more/links";
import { watchAddress } from "./more/landing";
import { early } from "./more/seam";
import { guard, on } from "./safely";

// What a page needs once somebody does something on it, or calls more than `page` and `track`: links, files, forms, the
// visitor's choices, and the rarer calls.

const hear = guard((event: Event): void => {
  if (event.type === "click") followLink(event as MouseEvent);
  else if (event.type === "submit") readEarly(event);
  else if (event.type === "focusin") comeTo(event.target as Element);
});

watchAddress();
watchChoices();
early.splice(0).forEach(hear);
early.push = hear as never;
on("auxclick", followLink);
watchForForms();
