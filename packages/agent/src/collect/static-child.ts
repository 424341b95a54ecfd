import { cpu, osInfo } from 'systeminformation';

// Run by static.ts: prints the facts as JSON and ends.
const [os, processor] = await Promise.all([osInfo(), cpu()]);
const facts = {
  os: [os.distro, os.release, os.codename && `(${os.codename})`].filter(Boolean).join(' '),
  kernel: os.kernel,
  cpu_model: [processor.manufacturer, processor.brand].filter(Boolean).join(' '),
};
process.stdout.write(JSON.stringify(facts));
