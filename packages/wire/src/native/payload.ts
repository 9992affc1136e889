import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Frame, FrameSchema } from '@innkeeper/contract/agent';

/** The payload of a frame. `bytes` fields are views into the bytes it was decoded from. */
export type NativePayload = Frame['payload'];
/** A payload to encode. */
export type NativePayloadInit = NonNullable<MessageInitShape<typeof FrameSchema>['payload']>;
