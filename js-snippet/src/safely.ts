// The page is somebody else's: nothing that runs here throws into it.

export function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return;
  }
}

export const listen = (target: EventTarget, names: string, listener: (event: Event) => unknown): void =>
  names.split(" ").forEach((name) => target.addEventListener(name, (event) => attempt(() => listener(event)), true));

export const later = (action: () => unknown, delayMs: number): number => setTimeout(() => attempt(action), delayMs) as unknown as number;
