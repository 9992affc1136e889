/** A resolution in which history is kept. */
export interface Level {
  /** Length of one interval. */
  readonly stepMs: number;
  /** Intervals in one block, which is the unit of storage. */
  readonly slots: number;
  readonly retentionMs: number;
}

const dayMs = 24 * 60 * 60 * 1000;

/** Finest first. Every step divides the next one, and every block begins at a multiple of its length. */
export const levels = [
  { stepMs: 5_000, slots: 120, retentionMs: dayMs },
  { stepMs: 60_000, slots: 120, retentionMs: 14 * dayMs },
  { stepMs: 900_000, slots: 96, retentionMs: 366 * dayMs },
] as const satisfies readonly Level[];

export function blockLengthMs(level: Level): number {
  return level.stepMs * level.slots;
}

export function blockStartMs(level: Level, timeMs: number): number {
  return Math.floor(timeMs / blockLengthMs(level)) * blockLengthMs(level);
}
