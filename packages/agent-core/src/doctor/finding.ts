/** What one check of `innkeeper-agent doctor` found. */
export interface Finding {
  /** "port", "unit": stable, for programs. */
  readonly check: string;
  /** problem: the host cannot do its work. warning: it can, but not all of it, or not as somebody meant. */
  readonly state: 'ok' | 'warning' | 'problem';
  readonly detail: string;
  /** What to do; absent where nothing is to be done. */
  readonly next?: string | undefined;
}
