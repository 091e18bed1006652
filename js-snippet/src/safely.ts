// The page is somebody else's: nothing that runs here throws into it.

/** The same, except that it never throws. */
export const guard =
  <A, T>(action: (argument: A) => T) =>
  (argument?: A): T | any => {
    try {
      return action(argument!);
    } catch {}
  };

export const attempt = <T>(action: () => T): T | undefined => guard(action)();

/** Listens on the window, and hears of everything in it before the page does. */
export const on = (names: string, listener: (event: any) => unknown, target: EventTarget = window): unknown =>
  names.split(" ").map((name) => target.addEventListener(name, guard(listener), true));
