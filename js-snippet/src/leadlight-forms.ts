import { watchForms, type WatchForms } from "./forms";

// The part that pages with forms load after the core (src/parts.ts). It reaches the core through its own script element,
// so that the page sees no second global.
(document.currentScript as HTMLScriptElement & { leadlight: (watch: WatchForms) => void }).leadlight(watchForms);
