import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Client } from '@connectrpc/connect';
import type { CreateTerminalRequestSchema, Terminal, TerminalService } from '@innkeeper/contract/control';
import { type CallOptions, callOptions } from './services.ts';
import type { OpenSocket } from './stream-socket.ts';
import { type OpenTerminalOptions, openTerminalStream, type TerminalStream } from './terminal-stream.ts';

/** Everything of a terminal that may be chosen: see terminal.proto. */
export type NewTerminal = Omit<
  Extract<MessageInitShape<typeof CreateTerminalRequestSchema>, { $typeName?: never }>,
  'vm'
>;

/** Terminals of guests: they outlive who looks at them. */
export interface Terminals {
  /** Starts one: the user's login shell, when no `argv` is given. */
  create(vm: string, terminal?: NewTerminal, options?: CallOptions): Promise<Terminal>;
  /** Oldest first. */
  list(vm: string, options?: CallOptions): Promise<Terminal[]>;
  /** Ends it with all that runs on it; one that has ended is forgotten. */
  close(vm: string, id: string, options?: CallOptions): Promise<Terminal>;
  /** Looks at one and types on it. */
  open(vm: string, id: string, options?: OpenTerminalOptions): TerminalStream;
}

/** Terminals over a client of their service. */
export function createTerminals(service: Client<typeof TerminalService>, open: OpenSocket): Terminals {
  return {
    create: (vm, terminal, options) => service.createTerminal({ ...terminal, vm }, callOptions(options)),
    list: async (vm, options) => (await service.listTerminals({ vm }, callOptions(options))).terminals,
    close: (vm, id, options) => service.closeTerminal({ vm, id }, callOptions(options)),
    open: (vm, id, options) => openTerminalStream(open, vm, id, options),
  };
}
