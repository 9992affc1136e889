import type { DialectName, GuestClient } from './guest-client.ts';
import type { NativeClient } from './native-client.ts';

/** The context of a case. */
interface Place<C extends GuestClient = GuestClient> {
  readonly client: C;
  readonly dialect: DialectName;
  /** An empty folder for this case, on the machine that is the guest. */
  readonly folder: string;
  /** The pid of the agent. */
  readonly agentPid: number;
}

/** A case of the table, which must pass in every dialect that can express it. */
export type ConformanceCase =
  | {
      readonly title: string;
      /** Why it cannot be tested on this machine; undefined if it can. */
      readonly skip?: string | undefined;
      /** Set if it measures the agent's memory. */
      readonly measuresMemory?: true;
      /** What an emulator of user programs does, so that the case says nothing about the agent. */
      readonly notEmulated?: string;
      readonly notInAgentMessage?: undefined;
      readonly run: (place: Place) => Promise<void>;
    }
  | {
      readonly title: string;
      readonly skip?: string | undefined;
      readonly measuresMemory?: true;
      readonly notEmulated?: string;
      /** What AgentMessage lacks for this case. */
      readonly notInAgentMessage: string;
      readonly run: (place: Place<NativeClient>) => Promise<void>;
    };
