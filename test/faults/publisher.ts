import { openSync, writeSync } from 'node:fs';
import path from 'node:path';
import { silentLog } from '../../packages/agent/src/log.js';
import { Publisher } from '../../packages/agent/src/publish/publisher.js';
import { Spool } from '../../packages/agent/src/publish/spool.js';
import { STEP_MS, reading, type Member } from './source.js';

// A process of its own, to be killed: an agent's spool and publisher behind a source at a steady rate. Told to finish, it stops
// reading, sends what waits in the spool, and ends.

const [folder, url, text] = process.argv.slice(2) as [string, string, string];
const member = JSON.parse(text) as Member;
const spool = new Spool({ dir: path.join(folder, 'spools', member.server), spool_bytes: 2 ** 30, spool_age_ms: 86_400_000 }, silentLog);
const publisher = new Publisher(spool, { server: member.server, nats_url: [url], backfill_rate: 1_000 }, silentLog);
const list = openSync(path.join(folder, 'lists', `${member.server}.${Date.now()}.${process.pid}`), 'a');
let boot_id = '';
let seq = 0;
let due = Math.ceil(Date.now() / STEP_MS) * STEP_MS;
let timer = setTimeout(produce, STEP_MS);

function produce(): void {
  for (const now = Date.now(); due <= now; due += STEP_MS) one(due - member.shift_ms);
  timer = setTimeout(produce, STEP_MS);
}

/** A line is begun before the spool has the sample and ended when it has it: one without an end may be in the spool or not. */
function one(ts: number): void {
  if (boot_id !== spool.boot_id) [boot_id, seq] = [spool.boot_id, 0];
  writeSync(list, `${boot_id} ${seq} ${ts}`);
  publisher.publish(reading(member, boot_id, seq, ts));
  writeSync(list, '\n');
  seq++;
}

process.on('disconnect', () => process.exit(1));
process.once('message', () => {
  clearTimeout(timer);
  void publisher.drain(600_000).then((empty) => process.exit(empty ? 0 : 2));
});
