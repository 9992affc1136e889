import type { NativeCapability, SharedCapability } from '../capabilities.ts';
import type { GuestClient } from '../guest-client.ts';

/** A foreign dialect in the table of operations. */
export interface ForeignDialect {
  readonly name: string;
  /** @param asked gets the names of requests and members that are sent, as in `requests` */
  readonly connect: (socket: string, asked: Set<string>) => Promise<GuestClient>;
  /** What it cannot express, with the reason. */
  readonly lacks: Readonly<Record<NativeCapability, string>> & Readonly<Partial<Record<SharedCapability, string>>>;
  /** Every request of its contract, and "REQUEST.MEMBER" for each member. */
  readonly requests: readonly string[];
  /** The requests that no case sends, with the tests that do. */
  readonly testedElsewhere: Readonly<Record<string, string>>;
}
