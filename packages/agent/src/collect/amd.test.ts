import { describe, expect, it } from 'vitest';
import { parseAmd, type AmdFiles } from './amd.js';

const files: AmdFiles = {
  mem_info_vram_total: '68702699520\n', mem_info_vram_used: '10960896\n', gpu_busy_percent: '37\n', product_name: 'AMD Instinct MI210\n',
  unique_id: '4f3c1d5e6a7b8c9d\n', temp1_input: '41000\n', power1_average: '42000000\n', power1_input: '',
};

describe('the files of the amdgpu driver', () => {
  it('become a card in bytes, percent, degrees and watts', () => {
    expect(parseAmd(2, files)).toEqual({
      sample: { id: 2, memory_total: 68_702_699_520, memory_used: 10_960_896, utilization: 37, temperature: 41, power: 42 },
      gpu_type: 'AMD Instinct MI210',
      uuid: '4f3c1d5e6a7b8c9d',
    });
  });

  it('leave out what the card does not tell', () => {
    const card = parseAmd(0, { ...files, gpu_busy_percent: '', temp1_input: '', power1_average: '', product_name: '', unique_id: '' });
    expect(card).toEqual({ sample: { id: 0, memory_total: 68_702_699_520, memory_used: 10_960_896 }, gpu_type: 'AMD GPU' });
  });

  it('take power under its newer name', () => expect(parseAmd(0, { ...files, power1_average: '', power1_input: '7000000' })?.sample.power).toBe(7));

  it('make no card of one without memory of its own', () => expect(parseAmd(0, { ...files, mem_info_vram_total: '' })).toBeNull());
});
