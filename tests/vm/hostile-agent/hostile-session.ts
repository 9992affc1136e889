import type { DescMessage, MessageInitShape } from '@bufbuild/protobuf';
import type { Call } from '@innkeeper/contract/agent';
import { type LiteMethod, liteEncode } from '@innkeeper/contract/lite';
import { AgentReceiver, encodeFrame, messageCharge, type NativePayload, type NativePayloadInit } from '@innkeeper/wire';
import * as host from 'host';
import { findPort } from '../../../apps/agent/src/channels/find-port.ts';
import { PortChannel } from '../../../apps/agent/src/channels/port-channel.ts';

const portName = 'org.innkeeper.agent.0';
/** Capabilities that are required for the node to call. */
const capabilities = [
  'exec',
  'exec.pty',
  'exec.resume',
  'file.read',
  'file.resume',
  'file.write',
  'power',
  'telemetry',
];
/** Size of a write, large enough that the interpreter does not limit a flood. */
const batchBytes = 256 * 1024;

/** The behaviour of a hostile agent. Without any property, it respects the protocol and answers nothing. */
export interface Behaviour {
  /** Sends something instead of a welcome. */
  readonly onHello?: (session: HostileSession) => void;
  readonly onCall?: (session: HostileSession, call: Call) => void;
  /** Runs in parallel from the start. */
  readonly beside?: (session: HostileSession) => Promise<void>;
  /** Stops reading forever after this many frames. */
  readonly readsFrames?: number;
}

/** The hostile agent's end of the port: sends valid or invalid frames, according to its behaviour. */
export class HostileSession {
  readonly #behaviour: Behaviour;
  readonly #receiver = new AgentReceiver(host);
  readonly #credit = new Map<number, number>();
  readonly pid: number;
  #channel: PortChannel;
  nonce: Uint8Array = new Uint8Array(16);
  /** Incremented by each hello, which ends work of earlier sessions. */
  generation = 0;
  #frames = 0;

  constructor(behaviour: Behaviour, pid: number) {
    this.#behaviour = behaviour;
    this.pid = pid;
    this.#channel = openPort();
  }

  async run(): Promise<void> {
    this.#behaviour.beside?.(this).catch(() => host.exit(1));
    for (;;) {
      const bytes = await this.#channel.read();
      if (bytes === undefined) continue;
      for (const incoming of this.#receiver.push(bytes)) {
        if (incoming.type === 'hello') this.#onHello(incoming.session);
        else if (incoming.type === 'frame') this.#onFrame(incoming.payload);
      }
      if (this.#frames >= (this.#behaviour.readsFrames ?? Number.POSITIVE_INFINITY)) await new Promise(() => undefined);
    }
  }

  /** Closes and reopens the port, like an agent that restarts constantly. */
  async reopen(): Promise<void> {
    await this.#channel.close();
    this.#channel = openPort();
  }

  welcome(): void {
    const agentInstance = String(this.pid);
    this.send({ case: 'welcome', value: { version: 1, agentVersion: '0.0.0', agentInstance, capabilities } });
  }

  frame(payload: NativePayloadInit): Uint8Array {
    return encodeFrame(this.nonce, payload, host);
  }

  send(payload: NativePayloadInit): void {
    this.write(this.frame(payload)).catch(() => undefined);
  }

  answer<I extends DescMessage, O extends DescMessage>(
    call: Call,
    method: LiteMethod<I, O>,
    message: MessageInitShape<O>,
  ): void {
    this.send({ case: 'message', value: { callId: call.id, body: liteEncode(method.output, message) } });
  }

  end(call: Call): void {
    this.send({ case: 'end', value: { callId: call.id } });
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#channel.write(bytes);
  }

  /** Writes the same frames until the session ends, regardless of credit. */
  async flood(frames: readonly Uint8Array[]): Promise<void> {
    const { generation } = this;
    const batch = repeated(frames);
    while (generation === this.generation) await this.write(batch);
  }

  /** Writes endless messages of a call as fast as its credit allows: a flood that respects the protocol. */
  async floodByCredit(call: Call, next: () => Uint8Array): Promise<void> {
    const { generation } = this;
    while (generation === this.generation) {
      const parts: Uint8Array[] = [];
      for (let credit = this.#credit.get(call.id) ?? 0; credit > 0 && parts.length < 200; ) {
        const body = next();
        credit -= messageCharge(body.length);
        this.#credit.set(call.id, credit);
        parts.push(this.frame({ case: 'message', value: { callId: call.id, body } }));
      }
      if (parts.length > 0) await this.write(joined(parts));
      await pause(1);
    }
  }

  #onHello(nonce: Uint8Array): void {
    this.nonce = nonce.slice();
    this.generation++;
    this.#credit.clear();
    if (this.#behaviour.onHello === undefined) this.welcome();
    else this.#behaviour.onHello(this);
  }

  #onFrame(payload: NativePayload): void {
    this.#frames++;
    if (payload.case === 'credit') {
      const { callId, bytes } = payload.value;
      this.#credit.set(callId, (this.#credit.get(callId) ?? 0) + bytes);
    }
    if (payload.case !== 'call') return;
    this.#credit.set(payload.value.id, payload.value.credit);
    this.#behaviour.onCall?.(this, { ...payload.value, body: payload.value.body.slice() });
  }
}

export function pause(delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    host.setTimer(delayMs, () => resolve());
  });
}

function openPort(): PortChannel {
  const path = findPort(portName);
  if (path === undefined) throw new Error('the port does not exist');
  return new PortChannel(portName, path);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function repeated(frames: readonly Uint8Array[]): Uint8Array {
  const once = joined(frames);
  return joined(Array.from({ length: Math.max(1, Math.floor(batchBytes / once.length)) }, () => once));
}
