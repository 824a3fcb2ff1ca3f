import { corrupt } from '../errors/protocol-error.js';
import type { DecodedOf, DraftOf } from '../schema/field.js';
import { arrayOf, bytes, int32, listOf, string } from '../schema/index.js';
import { message, type Message } from '../schema/message.js';
import { Reader } from '../wire/reader.js';
import { Writer } from '../wire/writer.js';

const LATEST_VERSION = 3;
const NEVER_FLEXIBLE = Number.POSITIVE_INFINITY;

const subscriptionShape = {
  topics: listOf(string()),
  userData: bytes({ nullable: '0+', default: null }),
  ownedPartitions: arrayOf({ topic: string(), partitions: listOf(int32()) }, { versions: '1+', ignorable: true }),
  generationId: int32({ versions: '2+', default: -1, ignorable: true }),
  rackId: string({ versions: '3+', nullable: '3+', default: null, ignorable: true }),
};

const assignmentShape = {
  assignedPartitions: arrayOf({ topic: string(), partitions: listOf(int32()) }),
  userData: bytes({ nullable: '0+', default: null }),
};

const subscriptionMessage = message({
  name: 'ConsumerProtocolSubscription',
  versions: '0-3',
  flexibleFrom: NEVER_FLEXIBLE,
  shape: subscriptionShape,
});

const assignmentMessage = message({
  name: 'ConsumerProtocolAssignment',
  versions: '0-3',
  flexibleFrom: NEVER_FLEXIBLE,
  shape: assignmentShape,
});

/** What a member tells the leader of its group: topics, what it owns now, and data of its assignor. */
export type Subscription = DecodedOf<typeof subscriptionShape>;

/** A subscription to encode: all but the topics may be left out. */
export type SubscriptionDraft = DraftOf<typeof subscriptionShape>;

/** What the leader assigned to a member. */
export type Assignment = DecodedOf<typeof assignmentShape>;

/** An assignment to encode. */
export type AssignmentDraft = DraftOf<typeof assignmentShape>;

function encode<Draft>(type: Message<unknown, Draft>, value: Draft, version: number): Buffer {
  const writer = new Writer();
  writer.int16(version);
  type.encode(writer, version, value);
  return writer.finishContiguous();
}

/** A newer version is read as the latest known one: Kafka promises that versions only add fields at the end. */
function decode<Decoded>(type: Message<Decoded, never>, metadata: Buffer): Decoded {
  const reader = new Reader(metadata);
  const version = reader.int16();
  if (version < 0) throw corrupt(`A consumer protocol message has version ${version}`, 0);
  return type.decode(reader, Math.min(version, LATEST_VERSION));
}

/**
 * The messages that the consumers of a group of protocol type `consumer` exchange through JoinGroup and SyncGroup.
 *
 * Encoding takes an optional version (0 to 3, default 3); every version is decoded.
 */
export const consumerProtocol = {
  encodeSubscription: (subscription: SubscriptionDraft, version: number = LATEST_VERSION): Buffer =>
    encode(subscriptionMessage, subscription, version),
  /** @throws ProtocolError `MR_PROTOCOL_CORRUPT` for bytes that are no subscription (stop-app). */
  decodeSubscription: (metadata: Buffer): Subscription => decode(subscriptionMessage, metadata),
  encodeAssignment: (assignment: AssignmentDraft, version: number = LATEST_VERSION): Buffer =>
    encode(assignmentMessage, assignment, version),
  /** @throws ProtocolError `MR_PROTOCOL_CORRUPT` for bytes that are no assignment (stop-app). */
  decodeAssignment: (metadata: Buffer): Assignment => decode(assignmentMessage, metadata),
} as const;
