/** The script element that brought us, and what the site's owner wrote on it. */
export const tag = document.currentScript as HTMLScriptElement;
export const { writeKey, key = writeKey, endpoint = new URL(tag.src).origin, consent, mode, hash } = tag.dataset;

/** Read once: while a page is being left, some browsers already answer differently. */
export const { userAgent, language: locale, globalPrivacyControl, doNotTrack } = navigator;
