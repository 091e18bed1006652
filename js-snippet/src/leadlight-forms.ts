import { watchForms, type WatchForms } from "./forms";

// The part that pages with forms load (src/more/forms.ts). It finds what it works with on its own script element, so that the
// page sees no second global.
(document.currentScript as HTMLScriptElement & { leadlight: (watch: WatchForms) => void }).leadlight(watchForms);
