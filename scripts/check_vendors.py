#!/usr/bin/env python3
"""Compiles every kernel with the compilers of GPU vendors; no GPU is needed.

    BUILD=build scripts/check_vendors.py [-DNAME=VALUE ...]

The kernels of the shape for GPUs are compiled as src/device/opencl/ would have
a driver do it, and the arithmetic contract is looked for in the instructions
(docs/ARITHMETIC.md, clauses 1, 3 and 4). Compilers are taken from
$BUILD/vendors (scripts/vendors.sh) and from PATH; those that are not there are
skipped. Options are added to the kernels': -DUT_BLOCK=8 tries other tiles.
The last line is the result; the exit status is 1 when a check failed.
"""
import collections
import concurrent.futures
import dataclasses
import itertools
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import vendor_compilers
from vendor_compilers import EXACT, FLUSH, ROOT

# No product is added to anything but in fma(): without it, what multiplies and
# adds at once was contracted by a compiler. The stand-in is whole numbers.
NO_FMA = '''
#define NO_FMA(real, whole) \\
	__attribute__((overloadable, always_inline)) static inline real \\
		no_fma(real a, real b, real c) \\
	{ \\
		return as_##real((as_##whole(a) ^ as_##whole(b) * 0x9e3779b9u) \\
				 + as_##whole(c)); \\
	}
NO_FMA(float, uint)
NO_FMA(float8, uint8)
#define fma no_fma
'''

# The multiply-add of older GPUs, which rounds twice.
UNFUSED = '''
#define fma(a, b, c) \\
	({ \\
		float r; \\
		__asm__("v_mad_f32 %0, %1, %2, %3" \\
			: "=v"(r) : "v"(a), "v"(b), "v"(c)); \\
		r; \\
	})
'''

RULES = {
    'missing': 'every kernel is there',
    'calls': 'nothing is left uncompiled in a call',
    'fused': 'fma() is one instruction',
    'unfused': 'no multiply-add that rounds twice',
    'contracted': 'no product is contracted with a sum',
    'subnormals': 'subnormal numbers are not flushed',
    'division': 'quotients and roots are exact',
    'atomics': 'no atomics of floats',
    'spills': 'products keep their sums in registers',
}


# The program ------------------------------------------------------------------

def search(pattern, path):
    """The groups of a pattern that a source must hold."""
    match = re.search(pattern, (ROOT / path).read_text(), re.S)
    if not match:
        sys.exit(f'check_vendors.py: {path} is not as it was: no match of '
                 f'{pattern!r}')
    return match


def kernel_files():
    """The stems of the program's files on a GPU."""
    names = search(r'const char \*names\[\] = \{(.*?)\};',
                   'src/device/opencl/ocl.c')[1]
    names = re.sub(r'gpu \? (\S+) : \S+,', r'\1', names)
    found = dict.fromkeys(re.findall(r'\w+', names))
    return [name for name in found if name != 'NULL']


def tunables():
    """The options that the numbers of a GPU's default tuning become."""
    text = search(r'if \(t->gpu_shape\)(.*?);',
                  'src/device/opencl/ocl_program.c')[1]
    made = search(r'return \(struct ut_ocl_tunables\)\{(.*?)\n\t\};',
                  'src/device/opencl/ocl_tuning.c')[1]
    values = dict(re.findall(r'\.(\w+) = (?:[^,]*: )?(\d+),', made))
    numbers = re.findall(r't->(\w+)', text)
    options = re.findall(r'-D\w+(?:=%u)?', text)
    return [option if '=' not in option
            else option.replace('%u', values[numbers.pop(0)])
            for option in options]


def resolved(stem, seen):
    """A file of cl/ with what it includes, once each, as cl/embed.sh does."""
    for line in (ROOT / 'cl' / stem).read_text().splitlines():
        match = re.match(r'#include "(.*)"', line)
        if not match:
            yield line
        elif match[1] not in seen:
            seen.add(match[1])
            yield from resolved(match[1], seen)


def program_of(stems):
    return '\n'.join(line for stem in stems
                     for line in resolved(stem + '.cl', set())) + '\n'


def uses(source, options, folder):
    """{kernel: the functions it reaches}; `quotient` is the device's own."""
    path = folder / 'uses.cl'
    for division in ('((a) / (b))', 'a / b'):
        source = source.replace(division, 'quotient(a, b)')
    path.write_text(source)
    text = vendor_compilers.run(
        os.environ.get('CC') or 'cc', '-E', '-P', '-xc',
        '-D__OPENCL_VERSION__=120',
        *(option for option in options if option.startswith('-D')), path)
    text = re.sub(r'__attribute__\(\((?:[^()]|\([^()]*\))*\)\)', '', text)
    bodies, kernels, depth, start, head = {}, [], 0, 0, 0
    for match in re.finditer(r'[{};]', text):
        if match[0] == '{':
            if depth == 0:
                start = match.end()
            depth += 1
        elif match[0] == '}':
            depth -= 1
        if depth:
            continue
        name = re.search(r'(\w+)\s*\(', text[head:start - 1])
        if match[0] == '}' and name:
            bodies[name[1]] = set(re.findall(r'\b(\w+)\)?\s*\(',
                                             text[start:match.start()]))
            if '__kernel' in text[head:start]:
                kernels.append(name[1])
        head = match.end()
    return {name: closure(name, bodies) for name in kernels}


def closure(name, bodies):
    seen, todo = set(), [name]
    while todo:
        for callee in bodies.get(todo.pop(), ()):
            if callee not in seen:
                seen.add(callee)
                todo.append(callee)
    return seen


# Builds -----------------------------------------------------------------------

@dataclasses.dataclass
class Build:
    """How a program is built, and what is then to be found in it."""
    name: str
    options: list
    prelude: str = ''
    fused: bool = True      # fma() is there, an instruction
    probe: bool = False     # with the probe, which divides in both ways
    products: bool = True   # keep their sums in registers
    only: str = ''          # vendors or targets; all of them


def builds():
    """As the backend builds for devices that differ in what they are exact in."""
    yield Build('exact division', [EXACT], probe=True)
    yield Build('division in integers', ['-DUT_SOFT_DIVIDE'])
    yield Build('no fma', ['-DUT_SOFT_DIVIDE'], prelude=NO_FMA, fused=False)
    yield Build('all in integers and sums',
                ['-DUT_SOFT_DIVIDE', '-DUT_SOFT_FMA', '-DUT_GUARD'],
                fused=False, products=False, only='gfx1030 sm_80 dg2')


@dataclasses.dataclass
class Defect:
    """What is done to a program so that a rule is broken."""
    rule: str
    name: str
    build: Build
    change: dict = dataclasses.field(default_factory=dict)   # of the source
    only: str = ''   # vendors or targets; all of them


def defects():
    soft, hard = ['-DUT_SOFT_DIVIDE'], [EXACT]
    together = {'FP_CONTRACT OFF': 'FP_CONTRACT ON',
                'size + epsilon': 'size * beta1 + epsilon'}
    yield Defect('contracted', 'contraction allowed',
                 Build('', soft + ['-ffp-contract=fast'], NO_FMA, fused=False),
                 together, 'AMD NVIDIA')
    yield Defect('contracted', 'contraction allowed',
                 Build('', soft + ['-cl-mad-enable'], NO_FMA, fused=False),
                 together, 'Intel')
    yield Defect('fused', 'a product and a sum for fma()',
                 Build('', soft, '#define fma(a, b, c) ((a) * (b) + (c))\n'))
    yield Defect('unfused', 'v_mad_f32 for fma()', Build('', soft, UNFUSED), {},
                 'gfx906')
    yield Defect('subnormals', 'subnormal numbers flushed',
                 Build('', soft + [FLUSH]))
    yield Defect('division', 'native_divide()', Build('', hard),
                 {'((a) / (b))': 'native_divide(a, b)'}, 'AMD Intel')
    yield Defect('division', 'native_sqrt()', Build('', hard),
                 {'ut_native_sqrt(x) sqrt': 'ut_native_sqrt(x) native_sqrt'},
                 'AMD Intel')
    yield Defect('division', 'unsafe mathematics',
                 Build('', hard + ['-cl-unsafe-math-optimizations']),
                 {}, 'NVIDIA')
    yield Defect('spills', 'a tile too large',
                 Build('', soft + ['-DUT_BLOCK=16']))
    yield Defect('missing', 'a kernel left out', Build('', soft),
                 {'void adam(': 'void another('})
    # a sum in memory that has no order
    yield Defect('atomics', 'an atomic sum of floats', Build('', soft),
                 {'x[i] = bits;':
                  '__asm__ volatile("red.global.add.f32 [%0], %1;" : : '
                  '"l"(x + i), "f"(as_float(bits)) : "memory");'}, 'NVIDIA')
    yield Defect('atomics', 'an atomic sum of floats', Build('', soft),
                 {'x[i] = bits;':
                  '__asm__ volatile("global_atomic_add_f32 %0, %1, off" : : '
                  '"v"(x + i), "v"(as_float(bits)) : "memory");'}, 'gfx1100')


# Checks -----------------------------------------------------------------------

def judge(kernels, reached, build):
    """{rule: [what breaks it]} of a program."""
    broken = {rule: [] for rule in RULES}
    broken['missing'] = sorted(set(reached) ^ set(kernels))
    for name, kernel in kernels.items():
        calls = reached.get(name, ())
        for rule, texts in kernel.wrong.items():
            broken[rule].append(f'{name}: {texts[0]} ({len(texts)} of them)')
        fused = build.fused and 'fma' in calls
        if fused != (kernel.fused > 0):
            broken['fused' if fused else 'contracted'].append(
                f'{name}: {kernel.fused} fused')
        if kernel.divisions and 'quotient' not in calls:
            broken['division'].append(f'{name}: a quotient of the device')
        if kernel.roots and 'sqrt' not in calls:
            broken['division'].append(f'{name}: a root of the device')
        if build.products and kernel.stack \
                and name.startswith(('linear_', 'conv_')):
            broken['spills'].append(f'{name}: {kernel.stack} bytes')
    return broken


def chosen(only, compiler, target):
    words = only.split()
    return not words or compiler.name in words or target in words


class Report:
    """Counts checks and says which failed."""

    def __init__(self):
        self.count = collections.Counter()

    def check(self, what, wrong):
        """Passed unless there are texts of what is wrong."""
        self.count['failed' if wrong else 'passed'] += 1
        if wrong:
            print('FAILED', what)
        for text in wrong[:8]:
            print('   ', text)
        if len(wrong) > 8:
            print(f'    ... {len(wrong)} in all')

    def skip(self, what, why):
        self.count['skipped'] += 1
        print(f'SKIP {what}: {why}')

    def line(self):
        return ', '.join(f'{self.count[word]} {word}'
                         for word in ('passed', 'failed', 'skipped'))


class Session:
    """Programs compiled in parallel, each in a file of its own."""

    def __init__(self, folder, options):
        self.folder, self.options = folder, options
        self.workers = concurrent.futures.ThreadPoolExecutor(os.cpu_count())
        self.files = itertools.count()

    def compile(self, compiler, target, source, build):
        path = self.folder / f'{next(self.files)}.cl'
        path.write_text(build.prelude + source)
        return self.workers.submit(compiler.compile, target, path,
                                   self.all_options(build))

    def all_options(self, build):
        return tunables() + build.options + self.options

    def uses(self, source, build):
        """Of the source without the prelude: what ought to be there."""
        return uses(source, self.all_options(build), self.folder)


def result(job):
    """A program's kernels, or a text: why there are none."""
    try:
        return job.result(), None
    except subprocess.CalledProcessError as error:
        return {}, error.output.strip().splitlines()[-12:]


def check_kernels(session, compilers, report):
    """The kernels as they are; returns those of the first build by target."""
    jobs, table = [], {}
    for build in builds():
        source = program_of(kernel_files() + ['probe'] * build.probe)
        reached = session.uses(source, build)
        jobs += [(target, build, reached,
                  session.compile(compiler, target, source, build))
                 for compiler, target in compilers
                 if chosen(build.only, compiler, target)]
    for target, build, reached, job in jobs:
        kernels, failed = result(job)
        table.setdefault(target, kernels)
        what = f'{target}, {build.name}'
        if failed:
            report.check(f'{what}: compiles', failed)
            continue
        for rule, wrong in judge(kernels, reached, build).items():
            report.check(f'{what}: {RULES[rule]}', wrong)
    return table


def check_checker(session, compilers, report):
    """Every defect has to be found, by whichever reads the target's code."""
    source = program_of(['linear_gpu', 'memory', 'optimiser'])
    jobs = []
    for defect in defects():
        reached = session.uses(source, defect.build)
        changed = source
        for old, new in defect.change.items():
            assert old in changed, old
            changed = changed.replace(old, new)
        jobs += [(defect, target, reached,
                  session.compile(compiler, target, changed, defect.build))
                 for compiler, target in compilers
                 if target in 'gfx906 gfx1100 sm_80 skl dg2'.split()
                 and chosen(defect.only, compiler, target)]
    for defect, target, reached, job in jobs:
        kernels, failed = result(job)
        found = kernels and judge(kernels, reached, defect.build)[defect.rule]
        report.check(f'{target}: {defect.name} is found',
                     failed or ([] if found else ['it is not']))


def print_table(table):
    print('\nRegisters (AMD: vector/scalar@waves; NVIDIA: a work-item; Intel: '
          'registers x width)\nand, after +, bytes of memory that stand in '
          'for registers.\n')
    names = list(dict.fromkeys(n for kernels in table.values()
                               for n in kernels))
    print(f"{'kernel':16}{'local':>6}", *(f'{t:>10}' for t in table))
    for name in names:
        row = [kernels.get(name) for kernels in table.values()]
        local = max((kernel.local for kernel in row if kernel), default=0)
        cells = ((kernel.registers or '?') + (f'+{kernel.stack}' if kernel.stack
                                              else '') if kernel else '-'
                 for kernel in row)
        print(f'{name:16}{local:6}', *(f'{cell:>10}' for cell in cells))
    print()


def main():
    report = Report()
    with tempfile.TemporaryDirectory() as folder:
        session = Session(pathlib.Path(folder), sys.argv[1:])
        compilers = []
        for kind in vendor_compilers.ALL:
            compiler = kind(session.folder)
            for target in compiler.targets:
                why = compiler.lacks(target)
                if why:
                    report.skip(f'{compiler.name} {target}', why)
                    continue
                compilers.append((compiler, target))
                for what, why in compiler.partly(target):
                    report.skip(f'{compiler.name} {target}, {what}', why)
            if compiler in (one for one, _ in compilers):
                print(f'{compiler.name}: {compiler.version()}')
        table = check_kernels(session, compilers, report)
        check_checker(session, compilers, report)
    if table:
        print_table(table)
    print(report.line())
    return bool(report.count['failed'])


if __name__ == '__main__':
    sys.exit(main())
