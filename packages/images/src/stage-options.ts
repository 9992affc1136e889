import type { Abortable } from './host-tools/index.ts';

/** Options of slow functions. */
export interface StageOptions extends Abortable {
  /** Called as each stage begins, with the completed share of the whole (0 to 1) if known. */
  readonly onStage?: ((text: string, progress?: number) => void) | undefined;
}
