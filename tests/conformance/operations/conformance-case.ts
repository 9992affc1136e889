import type { Capability, NativeCapability, SharedCapability } from './capabilities.ts';
import type { GuestClient } from './guest-client.ts';
import type { NativeClient } from './native-client.ts';

/** The context of a case. */
interface Place<C extends GuestClient = GuestClient> {
  readonly client: C;
  /** An empty folder for this case, on the machine that is the guest. */
  readonly folder: string;
  /** The pid of the agent. */
  readonly agentPid: number;
}

interface CaseBase {
  readonly title: string;
  /** Why it cannot be tested on this machine; undefined if it can. */
  readonly skip?: string | undefined;
  /** Set if it measures the agent's memory. */
  readonly measuresMemory?: true;
  /** What an emulator of user programs does, so that the case says nothing about the agent. */
  readonly notEmulated?: string;
}

/** A case of the table, which must pass in every dialect that has what it needs. */
export type ConformanceCase =
  | (CaseBase & {
      readonly needs: readonly [SharedCapability, ...SharedCapability[]];
      readonly needsNative?: undefined;
      readonly run: (place: Place) => Promise<void>;
    })
  | (CaseBase & {
      readonly needsNative: NativeCapability;
      readonly run: (place: Place<NativeClient>) => Promise<void>;
    });

/** All that a case needs of a dialect. */
export function needsOf(row: ConformanceCase): readonly Capability[] {
  return row.needsNative === undefined ? row.needs : [row.needsNative];
}
