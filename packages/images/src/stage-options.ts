import type { Abortable } from './host-tools/index.ts';

/** Options of everything here that takes seconds. */
export interface StageOptions extends Abortable {
  /** Called as each stage begins, with the share of the whole that is done (0 to 1) where it is known. */
  readonly onStage?: ((text: string, progress?: number) => void) | undefined;
}
