// The page is somebody else's: nothing here throws into it. Storage may be missing, blocked or full; every failure reads as
// "nothing there".

export function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}

export const read = (key: string): string | null | undefined => attempt(() => localStorage.getItem(key));

/** Whether the value is really there: a blocked or full storage says no. */
export const write = (key: string, value: string): boolean =>
  !!attempt(() => {
    localStorage.setItem(key, value);
    return true;
  });

export const remove = (key: string): void => attempt(() => localStorage.removeItem(key));

export const keys = (prefix: string): string[] =>
  (attempt(() => Object.keys(localStorage)) || []).filter((key) => key.startsWith(prefix)).sort();

export function listen(target: EventTarget, names: string, listener: (event: Event) => unknown): void {
  for (const name of names.split(" ")) {
    target.addEventListener(name, (event) => attempt(() => listener(event)), { capture: true, passive: true });
  }
}
