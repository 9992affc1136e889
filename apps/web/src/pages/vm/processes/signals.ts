export interface Signal {
  readonly name: string;
  /** On Linux, whatever the processor. */
  readonly number: number;
  /** What it does to most programs. */
  readonly effect: string;
  readonly danger: boolean;
}

/** The signals that the menu offers. */
export const signals: readonly Signal[] = [
  { name: 'TERM', number: 15, effect: 'Asks it to end', danger: false },
  { name: 'KILL', number: 9, effect: 'Ends it at once; what it had not written is lost', danger: true },
  { name: 'HUP', number: 1, effect: 'Hangs up; many services read their configuration anew', danger: false },
  { name: 'INT', number: 2, effect: 'Interrupts it, as ^C does', danger: false },
  { name: 'STOP', number: 19, effect: 'Holds it until CONT', danger: false },
  { name: 'CONT', number: 18, effect: 'Lets it go on after STOP', danger: false },
];
