import { appendFileSync } from 'node:fs';
import { silentLog } from '../log.js';
import { Publisher } from './publisher.js';
import { Spool } from './spool.js';

// Run by publisher.integration.ts, which kills it: spools samples as fast as it is told and notes each name once it is on the disk.
const [dir, url, notes, period] = process.argv.slice(2) as [string, string, string, string];
const spool = new Spool({ dir, spool_bytes: 256 * 1024 * 1024, spool_age_ms: 3_600_000 }, silentLog);
const publisher = new Publisher(spool, { server: 'gpu01', nats_url: [url], backfill_rate: 2_000 }, silentLog);
setInterval(() => {
  publisher.publish({
    v: 1, server: 'gpu01', ts: Date.now(), interval_ms: 1_000, uptime_s: 1, cpu: 1, memory_total: 1, memory_used: 1, hdd_total: 1, hdd_used: 1,
    network_in: 1, network_out: 1, gpus: [],
  });
  appendFileSync(notes, `${spool.boot_id}\n`);
}, Number(period));
