export type Properties = Record<string, unknown>;

/** What a visitor may say about being measured. */
export interface Choice {
  analytics?: boolean;
  marketing?: boolean;
}

export type Call = [name: string, ...args: unknown[]];

/** The one global. A page that calls before the script is here puts a list of calls in its place. */
export interface Leadlight {
  /** Only once the script is here. */
  version?: string;
  /** A page view that no address shows. */
  page: (properties?: Properties) => void;
  track: (event: string, properties?: Properties) => void;
  /** `identify("user id", traits)`, or `identify(traits)`. */
  identify: (user: string | Properties, traits?: Properties) => void;
  group: (group: string, traits?: Properties) => void;
  /** Whoever comes next is somebody new. */
  reset: () => void;
  consent: (choice: Choice) => void;
  optOut: () => void;
  optIn: () => void;
  push: (call: Call) => void;
}

declare global {
  interface Window {
    leadlight?: Leadlight | Call[];
  }
}
