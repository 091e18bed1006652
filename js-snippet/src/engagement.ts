/** How long one sign of activity counts. */
export const ACTIVE_MS = 15000;

const FIRST_REPORT_MS = 5000;
const WIDEST_STEP_MS = 60000;

/** Engaged time since `creditedUntil`: as far as activity reaches, and never less than none. All on one clock. */
export const engagedSince = (creditedUntil: number, lastActive: number, now: number): number =>
  Math.max(0, Math.min(now, lastActive + ACTIVE_MS) - creditedUntil);

/** How much more engaged time is worth a report: at 5, 10, 20, 40, 80 s, then every minute. */
export const reportStep = (reportedMs: number): number => Math.min(Math.max(reportedMs, FIRST_REPORT_MS), WIDEST_STEP_MS);
