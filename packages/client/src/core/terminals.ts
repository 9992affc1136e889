import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Client } from '@connectrpc/connect';
import type { CreateTerminalRequestSchema, Terminal, TerminalService } from '@innkeeper/contract/control';
import { allPages } from './all-pages.ts';
import { type CallOptions, callOptions } from './services.ts';
import type { OpenSocket } from './stream-socket.ts';
import { type OpenTerminalOptions, openTerminalStream, type TerminalStream } from './terminal-stream.ts';

/** Settings of a new terminal: see terminal.proto. */
export type NewTerminal = Omit<
  Extract<MessageInitShape<typeof CreateTerminalRequestSchema>, { $typeName?: never }>,
  'vm'
>;

/** Terminals in guests, which keep running when nobody is attached. */
export interface Terminals {
  /** Starts a terminal with `argv`. Default: the user's login shell. */
  create(vm: string, terminal?: NewTerminal, options?: CallOptions): Promise<Terminal>;
  /** Oldest first. */
  list(vm: string, options?: CallOptions): Promise<Terminal[]>;
  /** Ends a terminal and everything running in it; an ended terminal is removed from the list. */
  close(vm: string, id: string, options?: CallOptions): Promise<Terminal>;
  /** Attaches to a terminal. */
  open(vm: string, id: string, options?: OpenTerminalOptions): TerminalStream;
}

/** Implements Terminals on TerminalService. */
export function createTerminals(service: Client<typeof TerminalService>, open: OpenSocket): Terminals {
  return {
    create: (vm, terminal, options) => service.createTerminal({ ...terminal, vm }, callOptions(options)),
    list: (vm, options) =>
      allPages(
        (page) => service.listTerminals({ ...page, vm }, callOptions(options)),
        (answer) => answer.terminals,
      ),
    close: (vm, id, options) => service.closeTerminal({ vm, id }, callOptions(options)),
    open: (vm, id, options) => openTerminalStream(open, vm, id, options),
  };
}
