export { readForm, type Introduction } from "./read";
export { watchForms, type Submitted, type WatchForms } from "./watch";
