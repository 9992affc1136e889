import type { DialectName, GuestClient } from './guest-client.ts';
import type { NativeClient } from './native-client.ts';

/** What a case may use. */
interface Place<C extends GuestClient = GuestClient> {
  readonly client: C;
  readonly dialect: DialectName;
  /** An empty folder of the case's own, on the machine that is the guest. */
  readonly folder: string;
  /** The agent's process. */
  readonly agentPid: number;
}

/** One row of the table: what must hold in every dialect that can say it. */
export type ConformanceCase =
  | {
      readonly title: string;
      /** Why this machine cannot show it; undefined when it can. */
      readonly skip?: string | undefined;
      readonly notInAgentMessage?: undefined;
      readonly run: (place: Place) => Promise<void>;
    }
  | {
      readonly title: string;
      readonly skip?: string | undefined;
      /** What the bytes of AgentMessage lack to say it. */
      readonly notInAgentMessage: string;
      readonly run: (place: Place<NativeClient>) => Promise<void>;
    };
