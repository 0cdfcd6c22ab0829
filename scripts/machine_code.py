"""Reads kernels in the assembly of GPUs: what check_vendors.py asks of them.

Each reader returns {name: Kernel} of a program. All of them count a multiply
and add of floats only once it cannot belong to a division: GPUs without an
instruction for dividing whole numbers estimate the quotient in floats.
"""
import collections
import dataclasses
import re
import struct


@dataclasses.dataclass
class Kernel:
    """What was found in one kernel."""
    registers: str = ''
    local: int = 0       # bytes of local memory
    stack: int = 0       # bytes of memory that stand in for registers
    fused: int = 0       # multiply-adds rounded once, but for a division's
    divisions: int = 0   # of floats, correctly rounded
    roots: int = 0       # square roots, correctly rounded
    # What it does that it must not, rule by rule: {rule: [instruction]}
    wrong: dict = dataclasses.field(
        default_factory=lambda: collections.defaultdict(list))


def between(lines, begin, end):
    """(name, lines) of every stretch from a match of begin to one of end."""
    name, body = None, []
    for line in lines:
        match = begin.match(line)
        if match:
            name, body = match[1], []
        elif name is not None:
            if end.match(line):
                yield name, body
                name = None
            else:
                body.append(line)
    if name is not None:
        yield name, body


# AMD --------------------------------------------------------------------------

AMD_FUSED = {'v_fma_f32', 'v_fmac_f32', 'v_fmaak_f32', 'v_fmamk_f32'}
AMD_UNFUSED = {'v_mad_f32', 'v_mac_f32', 'v_madak_f32', 'v_madmk_f32'}
AMD_ROUGH = re.compile(r'v_(rsq|exp|log|sin|cos|sqrt_f16|rcp_f16|\w*legacy)')
AMD_ATOMIC = re.compile(
    r'\w*atomic_(\w+_)?(f|pk_)?(f16|f32|f64|bf16|fadd|fmin|fmax|fcmpswap)|'
    r'ds_(add|min|max)_(rtn_)?f')
AMD_MODE = re.compile(r's_(denorm_mode|round_mode|setreg\w*.*HW_REG_MODE)')


def amd_instructions(lines):
    """Mnemonics without their encodings; of a pair both."""
    for line in lines:
        for part in line.split(';')[0].split('::'):
            words = part.split()
            if words and re.match(r'[a-z]+_', words[0]):
                word = re.sub(r'_(e32|e64|dpp|sdwa|e64_dpp)$', '', words[0])
                yield word.replace('v_dual_', 'v_'), part.strip()


def read_amd_body(kernel, lines):
    count = collections.Counter()
    for word, text in amd_instructions(lines):
        count[word] += 1
        if AMD_ROUGH.match(word):
            kernel.wrong['division'].append(text)
        if AMD_ATOMIC.match(word):
            kernel.wrong['atomics'].append(text)
        if AMD_MODE.match(text):
            kernel.wrong['subnormals'].append(text)
        if word == 's_swappc_b64':
            kernel.wrong['calls'].append(text)
    fused = sum(count[word] for word in AMD_FUSED)
    unfused = sum(count[word] for word in AMD_UNFUSED)
    kernel.divisions = count['v_div_fixup_f32']
    kernel.roots = count['v_sqrt_f32']
    # A quotient of 64-bit whole numbers is estimated with one v_rcp_f32, one
    # v_trunc_f32 and two multiply-adds; one of 24 bits with one v_trunc_f32
    # and one multiply-add (its reciprocal is v_rcp_iflag_f32).
    long = count['v_rcp_f32'] - kernel.divisions
    short = count['v_trunc_f32'] - long
    if short < 0:
        kernel.wrong['division'].append(f'{-short} v_rcp_f32 of no division')
    whole = 2 * long + max(short, 0)
    if unfused > whole:
        kernel.wrong['unfused'].append(f'{unfused - whole} v_mad or v_mac')
    # A quotient of floats takes five and v_div_fmas_f32, a root two.
    kernel.fused = fused + unfused - whole - 5 * kernel.divisions \
        - 2 * kernel.roots
    if (count['v_div_fmas_f32'] != kernel.divisions
            or count['v_div_scale_f32'] != 2 * kernel.divisions
            or count['v_cmp_class_f32'] < kernel.roots or kernel.fused < 0):
        kernel.wrong['division'].append('a quotient or root not corrected')


def read_amd(text):
    """Kernels of clang's assembly for AMD's GPUs."""
    kernels = collections.defaultdict(Kernel)
    lines = text.splitlines()
    names = re.findall(r'\.amdhsa_kernel (\w+)', text)
    begin = re.compile(r'(\w+):\s*; @')
    for name, body in between(lines, begin, re.compile(r'\.Lfunc_end')):
        if name in names:
            read_amd_body(kernels[name], body)
    for name, body in between(lines, re.compile(r'\s*\.amdhsa_kernel (\w+)'),
                              re.compile(r'\s*\.end_amdhsa_kernel')):
        mode = dict(line.split()[:2] for line in body)
        if mode['.amdhsa_float_denorm_mode_32'] != '3':
            kernels[name].wrong['subnormals'].append(
                'float_denorm_mode_32 = ' + mode['.amdhsa_float_denorm_mode_32'])
    waves = re.findall(r'^; Occupancy: (\d+)', text, re.M)
    for (name, note), wave in zip(amd_notes(text), waves):
        kernel = kernels[name]
        kernel.registers = f"{note['vgpr_count']}/{note['sgpr_count']}@{wave}"
        kernel.local = int(note['group_segment_fixed_size'])
        kernel.stack = int(note['private_segment_fixed_size'])
        if int(note['vgpr_spill_count']) or int(note['sgpr_spill_count']):
            kernel.stack = max(kernel.stack, 4)
    return dict(kernels)


def amd_notes(text):
    """(name, {field: value}) of every kernel, from the notes at the end."""
    note = {}
    for line in text[text.rindex('amdhsa.kernels:'):].splitlines():
        match = re.match(r'(  - |    )\.(\w+): *(\S*)', line)
        if not match:
            continue
        if match[1] == '  - ' and note:
            yield note['name'], note
            note = {}
        note[match[2]] = match[3]
    yield note['name'], note


# NVIDIA -----------------------------------------------------------------------

PTX_ROUGH = re.compile(r'(div|sqrt)\.(approx|full)|rcp|rsqrt|ex2|lg2|sin|cos|tanh')


def read_ptx(text):
    """Kernels of PTX, the virtual assembly that NVIDIA's ptxas translates."""
    kernels = {}
    for name, body in between(text.splitlines(),
                              re.compile(r'(?:\.visible )?\.entry (\w+)\('),
                              re.compile(r'}$')):
        kernel = kernels[name] = Kernel()
        for line in body:
            match = re.match(r'\s+(?:@!?%p\d+\s+)?([a-z][a-z0-9_.]+)\s', line)
            if not match:
                continue
            word = match[1]
            kernel.fused += word == 'fma.rn.f32'
            kernel.divisions += word == 'div.rn.f32'
            kernel.roots += word == 'sqrt.rn.f32'
            if '.ftz' in word:
                kernel.wrong['subnormals'].append(line.strip())
            if PTX_ROUGH.match(word):
                kernel.wrong['division'].append(line.strip())
            if re.match(r'(atom|red)\b.*\.(b?f\d+)', word):
                kernel.wrong['atomics'].append(line.strip())
            if re.match(r'call\b', word):
                kernel.wrong['calls'].append(line.strip())
            # without .rn ptxas may fuse a product with a sum
            if re.match(r'(add|sub|mul|fma|mad)\.(?!rn\b).*f32$', word) \
                    or re.match(r'(add|sub|mul|fma|mad)\.f32$', word):
                kernel.wrong['contracted'].append(line.strip())
    return kernels


def read_ptxas(text, kernels):
    """Adds registers and memory, which ptxas -v prints."""
    for name, rest in re.findall(
            r'Function properties for (\w+)\n((?:.*\n){2})', text + '\n'):
        if name not in kernels:
            continue  # a function that a kernel calls
        kernel = kernels[name]
        stack, stores, loads = map(int, re.findall(
            r'(\d+) bytes (?:stack|spill)', rest))
        kernel.stack = max(stack, stores, loads)
        kernel.registers = re.search(r'Used (\d+) registers', rest)[1]
        local = re.search(r'(\d+) bytes smem', rest)
        kernel.local = int(local[1]) if local else 0


def read_sass(text):
    """Kernels of nvdisasm -c, of a program without divisions of floats."""
    kernels = {}
    for name, body in between(text.splitlines(),
                              re.compile(r'\.text\.(\w+):'),
                              re.compile(r'//-----')):
        kernel = kernels[name] = Kernel()
        count = collections.Counter()
        for line in body:
            match = re.search(
                r'\*/\s+(?:@!?U?P\w+\s+)?([A-Z][A-Z0-9_.]+)', line)
            if not match:
                continue
            word = match[1]
            kernel.fused += word.startswith('FFMA')
            count['reciprocals'] += word.startswith('MUFU.RCP')
            # converted upwards: to estimate a quotient of whole numbers
            count['estimates'] += bool(re.match(r'I2F.*\.RP\b', word))
            if re.match(r'F(ADD|MUL|FMA)\w*.*\.FTZ', word):
                kernel.wrong['subnormals'].append(word)
            if re.match(r'(RED|ATOM\w*)\b.*\.B?F\d+', word):
                kernel.wrong['atomics'].append(word)
            if re.match(r'MUFU\.(?!RCP)', word):
                kernel.wrong['division'].append(word)
        if count['reciprocals'] > count['estimates']:
            kernel.wrong['division'].append('MUFU.RCP of a float')
    return kernels


# Intel ------------------------------------------------------------------------

def sections(binary):
    """{name: bytes} of an ELF file of 64 bits."""
    table, = struct.unpack_from('<Q', binary, 0x28)
    size, count, names = struct.unpack_from('<HHH', binary, 0x3a)
    headers = [struct.unpack_from('<IIQQQQ', binary, table + i * size)
               for i in range(count)]

    def name_of(header):
        at = headers[names][4] + header[0]
        return binary[at:binary.index(b'\0', at)].decode()

    return {name_of(h): binary[h[4]:h[4] + h[5]] for h in headers}


def read_intel_info(text):
    """Kernels with their registers and memory, of a program's .ze_info."""
    kernels, kernel, width, usage = {}, None, '', ''
    for line in text.split('kernels_misc_info')[0].splitlines():
        words = line.replace('- ', '  ').split(':', 1)
        key, value = words[0].strip(), words[-1].strip()
        if line.startswith('  - name'):
            kernel = kernels[value] = Kernel()
            usage = ''
        elif key == 'grf_count':
            width = value
        elif key == 'simd_size':
            kernel.registers = f'{width}x{value}'
        elif key == 'slm_size':
            kernel.local = int(value)
        elif key == 'usage':
            usage = value
        elif key == 'size' and usage:
            kernel.stack += int(value)
            usage = ''
    return kernels


GEN_LINE = re.compile(r'\s*(?:\([^)]*\)\s*)?([a-z]\w*(?:\.\w+)*)\s*\(\S+\)\s.*')
GEN_KEEP = 0x80    # in cr0.0: subnormal floats stay what they are
GEN_ROUND = 0x30   # in cr0.0: the direction of rounding
GEN_EXACT = {'math.invm': 'divisions', 'math.rsqtm': 'roots',
             'math.inv': 'divisions', 'math.rsqt': 'roots'}


def gen_corrected(word, later):
    """Whether an estimate becomes an exact quotient or root.

    GPUs with the instructions for that (...m, more bits than a float) are
    followed by madm, others by at least four multiply-adds.
    """
    correction = 'madm' if word.endswith('m') else 'mad'
    return later[:16].count(correction) >= 4


def read_intel(kernel, text):
    """Adds to a kernel what iga64 -d prints of its section."""
    elsewhere = False  # rounding otherwise: inside a quotient of whole numbers
    keeps = False
    floats = []        # (instruction of floats, its line)
    for line in text.splitlines():
        match = GEN_LINE.match(line)
        if not match:
            continue
        word, plain = match[1], ' '.join(line.split('//')[0].split())
        if 'cr0.0<1>' in line:
            bits = re.search(r'(0x[0-9A-Fa-f]+):', line)
            bits = int(bits[1], 16) if bits else 0
            if word == 'or':
                keeps = bool(bits & GEN_KEEP)
            elif word == 'xor' and bits == GEN_ROUND:
                elsewhere = not elsewhere
            else:
                kernel.wrong['subnormals'].append(plain)
            continue
        if 'float atomic' in line:
            kernel.wrong['atomics'].append(plain)
        if word in ('call', 'calla', 'calli'):
            kernel.wrong['calls'].append(plain)
        if re.search(r'<\d>:f\s', line) and not elsewhere and word != 'mov':
            floats.append((word, plain))
    for i, (word, plain) in enumerate(floats):
        kernel.fused += word == 'mad'
        if word in ('mac', 'dp4', 'lrp', 'pln'):
            kernel.wrong['unfused'].append(plain)
        if not word.startswith('math.'):
            continue
        kind = GEN_EXACT.get(word)
        if kind and gen_corrected(word, [name for name, _ in floats[i + 1:]]):
            setattr(kernel, kind, getattr(kernel, kind) + 1)
        else:
            kernel.wrong['division'].append(plain)
    if not keeps:
        kernel.wrong['subnormals'].append('cr0 flushes')
