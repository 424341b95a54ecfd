import { crc32 } from 'node:zlib';
import { sampleSubject, type IdleThresholds } from '@vacancy/shared';
import type { Decoded, Received, SetAside } from '../ingest/decode.js';
import type { Batch } from './journal.js';
import type { Booked, Ledger } from './ledger.js';
import { encodeRejected, encodeSamples, type RejectedRow } from './rows.js';

/** Messages in the stream's order, decoded. */
export interface Cut {
  readonly stream: string;
  /** The positions that it covers, both inclusive; deleted messages leave holes. */
  readonly from: number;
  readonly to: number;
  readonly messages: readonly Decoded[];
}

export interface Made {
  readonly batch: Batch;
  readonly duplicates: number;
  readonly rejections: Readonly<Record<string, number>>;
}

/** Books the messages in the ledger and makes their bytes. From here on the batch never changes. */
export function makeBatch({ stream, from, to, messages }: Cut, ledger: Ledger, idle: IdleThresholds): Made {
  const rows: Booked[] = [];
  const rejected: RejectedRow[] = [];
  let duplicates = 0;
  for (const message of messages) {
    const booked = message.ok ? ledger.book(message.value) : asRejected(message.error);
    if (booked === 'duplicate') duplicates++;
    else if (booked === 'forgotten') rejected.push(tooLate((message as { value: Received }).value));
    else if ('sample' in booked) rows.push(booked);
    else rejected.push(booked);
  }
  const samples = rows.length > 0 ? encodeSamples(rows, { stream, batch: to }, idle) : EMPTY;
  const rejections = rejected.length > 0 ? encodeRejected(rejected, stream) : EMPTY;
  return {
    duplicates,
    rejections: countByReason(rejected),
    batch: {
      token: tokenOf(stream, from, to, samples, rejections),
      stream, from, to, rows: rows.length, rejected: rejected.length, span: spanOf(rows), samples, rejections,
    },
  };
}

const EMPTY = new Uint8Array();

/**
 * The range names the batch; the checksum keeps apart two contents under one range, which happens when a broker loses the end
 * of its stream and gives the same positions to other messages.
 */
const tokenOf = (stream: string, from: number, to: number, samples: Uint8Array, rejections: Uint8Array): string =>
  `${stream}:${from}-${to}:${crc32(rejections, crc32(samples)).toString(16)}`;

const asRejected = ({ message, code, detail }: SetAside): RejectedRow => ({ message, reason: code, detail });

/** Nobody knows any more whether it was stored; it is kept where a person can look at it. */
const tooLate = (sample: Received): RejectedRow => ({
  reason: 'forgotten',
  detail: 'Too late: whether it was stored before is not remembered any more',
  message: {
    subject: sampleSubject(sample.server),
    data: Buffer.from(JSON.stringify(sample)),
    stream_seq: sample.stream_seq,
    received_ts: sample.received_ts,
  },
});

function spanOf(rows: readonly Booked[]): [number, number] | undefined {
  if (rows.length === 0) return undefined;
  let first = Infinity;
  let last = -Infinity;
  for (const { sample, corrections } of rows) {
    first = Math.min(first, sample.ts);
    last = Math.max(last, sample.ts);
    for (const { ts } of corrections) {
      first = Math.min(first, ts);
      last = Math.max(last, ts);
    }
  }
  return [first, last];
}

function countByReason(rows: readonly RejectedRow[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { reason } of rows) counts[reason] = (counts[reason] ?? 0) + 1;
  return counts;
}
