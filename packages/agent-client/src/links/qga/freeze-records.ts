/** A freeze of a guest whose agent has no lease of its own, as it is kept while it lasts. */
export interface FreezeRecord {
  readonly id: string;
  /** When the node thaws it. */
  readonly endsUnixMs: number;
  /** File systems that were frozen; 0 while that is not known. */
  readonly count: number;
}

/** Where the record of one guest's freeze outlives the node's process, so that the next one thaws it. */
export interface FreezeRecords {
  load(): Promise<FreezeRecord | undefined>;
  /** Undefined: none any more. */
  save(record: FreezeRecord | undefined): Promise<void>;
}

/** For links without a node. */
export const noFreezeRecords: FreezeRecords = { load: async () => undefined, save: async () => undefined };
