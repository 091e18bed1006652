const ACTIVE_MS = 15000;
const FIRST_REPORT_MS = 5000;
const WIDEST_STEP_MS = 60000;

/** Time that a page is visible and its reader active, where each sign of activity counts for 15 seconds. */
export interface Engagement {
  engagedMs: number;
  /** Up to when time has been credited, on the clock that is passed in. */
  activeUntil: number;
  lastActive: number;
  /** Engaged time at which the next report is due: after 5, 10, 20, 40 s, then every minute. */
  reportAt: number;
}

export const begin = (now: number): Engagement => ({ engagedMs: 0, activeUntil: now, lastActive: now, reportAt: FIRST_REPORT_MS });

/** Credits the time since the last call. Call it before anything changes: on activity, hiding and reporting. */
export function credit(view: Engagement, now: number): void {
  const until = Math.min(now, view.lastActive + ACTIVE_MS);
  if (until > view.activeUntil) {
    view.engagedMs += until - view.activeUntil;
    view.activeUntil = until;
  }
}

/** The page is out of sight: nothing is credited until somebody is active again. */
export function hide(view: Engagement, now: number): void {
  credit(view, now);
  view.lastActive = -ACTIVE_MS;
}

/** Somebody is there, again or still: idle time before `now` is left out. */
export function active(view: Engagement, now: number): void {
  credit(view, now);
  view.lastActive = view.activeUntil = now;
}

/** Milliseconds until a report is due if the reader stays active; nothing once they are idle. */
export function untilReport(view: Engagement, now: number): number | undefined {
  return now < view.lastActive + ACTIVE_MS ? Math.max(view.reportAt - view.engagedMs, 0) : undefined;
}

/** Whether a report is due; if so, the next one is set. */
export function reportDue(view: Engagement): boolean {
  if (view.engagedMs < view.reportAt) return false;
  while (view.reportAt <= view.engagedMs) view.reportAt += Math.min(view.reportAt, WIDEST_STEP_MS);
  return true;
}
