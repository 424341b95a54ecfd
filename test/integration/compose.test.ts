import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const read = (file: string) => readFile(path.join(ROOT, file), 'utf8');

interface Service {
  build?: { context: string; dockerfile: string; target: string };
  image: string;
  environment?: Record<string, string>;
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: { test: string[] };
  ports?: string[];
  volumes?: (string | { type: string; source: string; target: string; read_only?: boolean })[];
}
const compose = parse(await read('docker-compose.yml')) as { services: Record<string, Service>; volumes: Record<string, unknown> };
const services = Object.entries(compose.services);
const dockerfile = await read('deploy/docker/Dockerfile');

describe('docker-compose.yml', () => {
  it('waits for health wherever a service needs another, so that up --wait means ready', () => {
    for (const [name, { depends_on = {} }] of services)
      for (const [needed, { condition }] of Object.entries(depends_on)) {
        expect(condition, `${name} needs ${needed}`).toBe('service_healthy');
        expect(compose.services[needed]!.healthcheck, needed).toBeDefined();
      }
    expect(Object.keys(compose.services.stream!.depends_on!)).toEqual(['nats', 'clickhouse']);
  });

  it('holds no secret: passwords and keys come from files in volumes', () => {
    for (const [, { environment = {} }] of services)
      for (const [name, value] of Object.entries(environment))
        if (/PASSWORD|CREDENTIALS|KEY/.test(name)) expect(value, name).toMatch(/^\/(data|agent-key)\//);
  });

  it('publishes nothing beyond this machine unless a setting says so', () => {
    for (const [name, { ports = [] }] of services) for (const port of ports) expect(port, name).toMatch(/^(127\.0\.0\.1|\$\{\w+:-127\.0\.0\.1\}):/);
  });

  it('builds targets that the Dockerfile has, runs them as a user without rights, and declares every volume it mounts', () => {
    for (const [name, { build, volumes = [] }] of services) {
      if (build) {
        expect(existsSync(path.join(ROOT, build.dockerfile))).toBe(true);
        const stage = new RegExp(`^FROM \\S+ AS ${build.target}$([\\s\\S]*?)(?=^FROM |(?![\\s\\S]))`, 'm').exec(dockerfile);
        expect(stage?.[1], name).toMatch(/^USER node$/m);
      }
      for (const volume of volumes) if (typeof volume === 'string') expect(compose.volumes).toHaveProperty(volume.split(':')[0]!);
    }
  });

  it('gives the agent the machine to read, and nothing of it to write', () => {
    const host = compose.services.agent!.volumes!.find((volume) => typeof volume !== 'string' && volume.source === '/');
    expect(host).toMatchObject({ target: '/host', read_only: true });
    expect(JSON.stringify(compose)).not.toContain('docker.sock');
    expect(JSON.stringify(compose)).not.toContain('privileged":true');
  });
});

describe('the Dockerfile', () => {
  it('copies only what is there, and what the build context lets through', async () => {
    const allowed = (await read('.dockerignore')).split('\n').filter((line) => line.startsWith('!')).map((line) => line.slice(1));
    const sources = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, list]) => list!.split(' ')).filter((source) => source !== '.');
    for (const source of sources) {
      expect(existsSync(path.join(ROOT, source)), source).toBe(true);
      expect(allowed.some((entry) => source === entry || source.startsWith(`${entry}/`)), source).toBe(true);
    }
  });

  it('installs what the lockfile says', () => {
    for (const [, command] of dockerfile.matchAll(/^RUN (pnpm install.*)$/gm)) expect(command).toContain('--frozen-lockfile');
  });
});
