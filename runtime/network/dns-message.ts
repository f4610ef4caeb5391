/** Answers as bytes (RFC 1035, EDNS by RFC 6891). */

import { type Answer, decode, encode, type Packet, RECURSION_AVAILABLE, RECURSION_DESIRED } from 'dns-packet';
import type { Decision, Question } from './dns-answer.js';

const TRUNCATED = 1 << 9;
const TTL_SECONDS = 600;
const PLAIN_LIMIT = 512;
const TCP_LIMIT = 65535;
const OUR_UDP_SIZE = 1232;
const FORMAT_ERROR = 1;
export const SERVER_FAILURE = 2;

export interface Query {
  readonly id: number;
  readonly flags: number;
  readonly question: Question;
  /** What the asker takes in one datagram; undefined without EDNS. */
  readonly udpSize: number | undefined;
}

/** Undefined for what is no query with exactly one question. */
export function readQuery(bytes: Buffer): Query | undefined {
  if (!isPlausible(bytes)) return undefined;
  try {
    const packet = decode(bytes);
    const question = packet.questions?.[0];
    if (packet.type !== 'query' || question === undefined || packet.questions?.length !== 1) return undefined;
    const edns = packet.additionals?.find((record) => record.type === 'OPT');
    return {
      id: packet.id ?? 0,
      flags: packet.flags ?? 0,
      question: { name: question.name, type: question.type },
      udpSize: edns?.type === 'OPT' ? Math.max(PLAIN_LIMIT, edns.udpPayloadSize) : undefined,
    };
  } catch {
    return undefined;
  }
}

/** The header's counts first: the decoder would make room for as many records as a few bytes claim. */
function isPlausible(bytes: Buffer): boolean {
  if (bytes.length < 12 || (bytes.readUInt8(2) & 0x80) !== 0) return false;
  const [questions, answers, authorities, additionals] = [4, 6, 8, 10].map((at) => bytes.readUInt16BE(at));
  return questions === 1 && answers === 0 && authorities === 0 && (additionals ?? 0) <= 8;
}

/** `turn` rotates several addresses, so that askers who take the first one meet all. */
export function writeAnswer(query: Query, decision: Decision, transport: 'udp' | 'tcp', turn: number): Buffer {
  const limit = transport === 'tcp' ? TCP_LIMIT : Math.min(query.udpSize ?? PLAIN_LIMIT, OUR_UDP_SIZE);
  let answers = recordsOf(query.question, decision, turn);
  let bytes = assemble(query, answers, 0);
  while (bytes.length > limit && answers.length > 0) {
    answers = answers.slice(0, Math.floor(answers.length * 0.75));
    bytes = assemble(query, answers, TRUNCATED);
  }
  return bytes;
}

export function writeFailure(query: Query, code: number): Buffer {
  return assemble(query, [], code);
}

function recordsOf({ name, type }: Question, decision: Decision, turn: number): Answer[] {
  if (decision.kind === 'pointer') return [{ name, type: 'PTR', ttl: TTL_SECONDS, data: decision.name }];
  if (decision.kind !== 'addresses' || (type !== 'A' && type !== 'AAAA')) return [];
  const { addresses } = decision;
  return addresses.map((_, index) => {
    const data = addresses[(index + turn) % addresses.length]!;
    return { name, type, ttl: TTL_SECONDS, data };
  });
}

function assemble(query: Query, answers: Answer[], flags: number): Buffer {
  const packet: Packet = {
    type: 'response',
    id: query.id,
    flags: (query.flags & RECURSION_DESIRED) | RECURSION_AVAILABLE | flags,
    questions: [{ name: query.question.name, type: query.question.type as 'A' }],
    answers,
    additionals:
      query.udpSize === undefined
        ? []
        : [
            {
              type: 'OPT',
              name: '.',
              udpPayloadSize: OUR_UDP_SIZE,
              extendedRcode: 0,
              ednsVersion: 0,
              flags: 0,
              flag_do: false,
              options: [],
            },
          ],
  };
  return encode(packet);
}

/** The response code of an answer from outside: the low four bits of the second half of the flags. */
export function responseCode(bytes: Buffer): number {
  return bytes.length < 12 ? SERVER_FAILURE : bytes.readUInt8(3) & 15;
}

/** For a message that could not be read: its id back, with FORMERR. Undefined when it has no id. */
export function refuseUnreadable(bytes: Buffer): Buffer | undefined {
  if (bytes.length < 12 || (bytes.readUInt8(2) & 0x80) !== 0) return undefined;
  const header = Buffer.alloc(12);
  bytes.copy(header, 0, 0, 2);
  header.writeUInt8(0x80 | (bytes.readUInt8(2) & 0x79), 2);
  header.writeUInt8(FORMAT_ERROR, 3);
  return header;
}
