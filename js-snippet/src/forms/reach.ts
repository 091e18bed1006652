import { attempt } from "../safely";

// Everywhere a form may be: this page, its open shadow roots, and the frames whose pages are of this site.

export interface Heard {
  /** Something happened on the way `path` leads: from the element outwards, through open shadow roots. */
  (event: Event, path: Element[]): void;
}

const IN_A_ROOT = ["submit", "invalid"]; // these do not leave a shadow root
const IN_A_WINDOW = [...IN_A_ROOT, "click", "keydown", "focusin"];

/**
 * Hears forms wherever they are, and tells before a script sends one by `submit()`, which no event does.
 * Answers with the shadow roots in which somebody has been so far.
 */
export function watchEverywhere(heard: Heard, sentByScript: (form: HTMLFormElement) => void): () => readonly ShadowRoot[] {
  const patched = new WeakSet<object>();
  let roots: ShadowRoot[] = [];

  // One function for all: adding it twice adds it once.
  const hear = (event: Event): unknown =>
    attempt(() => {
      const path = event.composedPath() as Element[];
      const target = path[0]!;
      if (event.type === "load") return enter(target);
      if (event.type === "blur") return setTimeout(() => attempt(() => enter(document.activeElement!)));
      path.forEach(watchRoot);
      const view = (target.ownerDocument || document).defaultView!;
      if (view !== window && "version" in ((view as unknown as { leadlight?: object }).leadlight || {})) return; // a framed page with a tag of its own tells by itself
      heard(event, path.filter((node) => node.nodeType === 1));
    });

  const listen = (target: EventTarget, names: string[]): void => names.forEach((name) => target.addEventListener(name, hear, true));

  function watchRoot(node: Node): void {
    if (node.nodeType !== 11 || roots.includes(node as ShadowRoot)) return;
    listen(node, IN_A_ROOT);
    listen(node, ["load"]);
    roots = roots.filter(({ isConnected }) => isConnected).concat(node as ShadowRoot);
  }

  function watch(view: Window & typeof globalThis): void {
    listen(view, IN_A_WINDOW);
    listen(view, ["blur"]);
    listen(view.document, ["load"]);
    view.document.querySelectorAll("iframe").forEach(enter);
    const { prototype } = view.HTMLFormElement;
    if (patched.has(prototype)) return;
    patched.add(prototype);
    const { submit, requestSubmit } = prototype;
    prototype.submit = function () {
      attempt(() => sentByScript(this));
      submit.call(this);
    };
    if (requestSubmit) {
      prototype.requestSubmit = function (...submitter) {
        attempt(() => watchRoot(this.getRootNode()));
        requestSubmit.apply(this, submitter);
      };
    }
  }

  /** The page in a frame, if it is of this site; it may be another one each time. */
  function enter(element: Element): void {
    const inner = attempt(() => (element as HTMLIFrameElement).contentDocument);
    if (inner) attempt(() => watch(inner.defaultView!));
  }

  watch(window);
  // Somebody may be in a field already: that may be why this is here.
  let active = document.activeElement;
  if (active) enter(active);
  while (active && active.shadowRoot) {
    watchRoot(active.shadowRoot);
    active = active.shadowRoot.activeElement;
  }
  return () => roots;
}
