// What the build knows and the sources do not.

declare const VERSION: string;
declare const MORE_INTEGRITY: string;
declare const FORMS_INTEGRITY: string;

interface Navigator {
  globalPrivacyControl?: boolean;
}

interface Document {
  prerendering?: boolean;
}
