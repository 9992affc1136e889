export interface Signal {
  readonly name: string;
  /** Linux signal number, the same on all supported architectures. */
  readonly number: number;
  /** Its effect on most programs. */
  readonly effect: string;
  readonly danger: boolean;
}

/** The signals that the menu offers. */
export const signals: readonly Signal[] = [
  { name: 'TERM', number: 15, effect: 'Asks the process to end', danger: false },
  { name: 'KILL', number: 9, effect: 'Kills the process immediately; unsaved data is lost', danger: true },
  { name: 'HUP', number: 1, effect: 'Hang-up; many services reload their configuration', danger: false },
  { name: 'INT', number: 2, effect: 'Interrupts the process, like Ctrl+C', danger: false },
  { name: 'STOP', number: 19, effect: 'Suspends the process until CONT', danger: false },
  { name: 'CONT', number: 18, effect: 'Resumes the process after STOP', danger: false },
];
