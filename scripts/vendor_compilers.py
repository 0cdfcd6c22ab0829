"""The offline compilers of GPU vendors: from a program to what was made of it.

A compiler has targets, says what it lacks for one, and compiles a source for
one to {name: machine_code.Kernel}. Programs are taken from $BUILD/vendors
(scripts/vendors.sh) and from PATH.
"""
import os
import pathlib
import re
import shutil
import subprocess
import threading

import machine_code

ROOT = pathlib.Path(__file__).resolve().parent.parent
VENDORS = pathlib.Path(
    os.environ.get('BUILD') or ROOT / 'build').absolute() / 'vendors'

# Where Debian puts what is linked to a kernel.
AMD_LIBRARY = pathlib.Path('/usr/lib/x86_64-linux-gnu/amdgcn/bitcode')
NVIDIA_LIBRARY = pathlib.Path('/usr/lib/clc/nvptx64--nvidiacl.bc')

EXACT = '-cl-fp32-correctly-rounded-divide-sqrt'
FLUSH = '-cl-denorms-are-zero'

# libclc has none; NVIDIA's driver hands it over in one of these registers.
GLOBAL_OFFSET = ('-Dget_global_offset(dimension)=({ uint offset; __asm__ volatile('
                 '"mov.u32 %0, %%envreg3;" : "=r"(offset)); offset; })')


def run(*command, any_status=False):
    """What a command prints; CalledProcessError says what went wrong."""
    done = subprocess.run([str(word) for word in command], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode and not any_status:
        raise subprocess.CalledProcessError(done.returncode, command,
                                            done.stdout)
    return done.stdout


def find(program):
    """The path of a vendor's program, or None."""
    places = [VENDORS / 'bin', *os.get_exec_path(), '/usr/local/cuda/bin']
    return shutil.which(program, path=os.pathsep.join(map(str, places)))


class Amd:
    """clang and the libraries of ROCm, whose OpenCL compiler they are."""
    name = 'AMD'
    targets = ('gfx906', 'gfx1030', 'gfx1100')

    def __init__(self, folder):
        self.clang = find('clang-15')

    def lacks(self, target):
        if not self.clang:
            return 'no clang-15 here (Debian: clang-15)'
        if not (AMD_LIBRARY / 'opencl.bc').exists():
            return 'no device libraries here (Debian: rocm-device-libs)'
        return None

    def partly(self, target):
        return ()

    def version(self):
        return run(self.clang, '--version').splitlines()[0]

    def version_of(self, target, out):
        """What is linked: an old ROCm does not know its newest targets."""
        number = target.removeprefix('gfx')
        source = out.with_suffix('.cl')
        source.write_text('const __constant int __oclc_ISA_version = '
                          f'{number[:-2]}{int(number[-2], 16):02}'
                          f'{int(number[-1], 16):02};\n')
        run(self.clang, '-target', 'amdgcn-amd-amdhsa', f'-mcpu={target}',
            '-nogpulib', '-xcl', '-emit-llvm', '-c', '-o', out, source)
        return out

    def compile(self, target, source, options):
        def switch(name, on):
            return f"oclc_{name}_{'on' if on else 'off'}.bc"

        names = ['opencl.bc', 'ocml.bc', 'ockl.bc', 'oclc_abi_version_400.bc',
                 switch('correctly_rounded_sqrt', EXACT in options),
                 switch('daz_opt', FLUSH in options),
                 switch('finite_only', False), switch('unsafe_math', False),
                 switch('wavefrontsize64', target.startswith('gfx9'))]
        out = source.with_suffix(f'.{target}.s')
        version = self.version_of(target, out.with_suffix('.version.bc'))
        linked = [f'-Xclang -mlink-builtin-bitcode -Xclang {path}'
                  for path in [*(AMD_LIBRARY / name for name in names),
                               version]]
        run(self.clang, '-target', 'amdgcn-amd-amdhsa', f'-mcpu={target}',
            '-nogpulib', *' '.join(linked).split(), '-xcl', '-cl-std=CL1.2',
            '-D__OPENCL_VERSION__=120', '-O3', '-w', *options,
            *'-mllvm -amdgpu-early-inline-all=true'.split(),
            *'-mllvm -amdgpu-function-calls=false'.split(),
            '-S', '-o', out, source)
        return machine_code.read_amd(out.read_text())


class Nvidia:
    """clang and libclc as far as PTX; NVIDIA's ptxas makes instructions."""
    name = 'NVIDIA'
    targets = ('sm_60', 'sm_80', 'sm_90')

    def __init__(self, folder):
        self.clang, self.ptxas = find('clang-15'), find('ptxas')
        self.nvdisasm = find('nvdisasm')
        self.locks, self.made = {}, {}
        self.known = run(self.ptxas, '--help') if self.ptxas else ''

    def lacks(self, target):
        if not self.clang:
            return 'no clang-15 here (Debian: clang-15)'
        if not NVIDIA_LIBRARY.exists():
            return f'no {NVIDIA_LIBRARY} here (Debian: libclc-15)'
        return None

    def partly(self, target):
        """(what is not checked, why not)"""
        for what, why in (('registers', self.lacks_ptxas(target)),
                          ('instructions', self.lacks_sass(target))):
            if why:
                yield what, why

    def lacks_ptxas(self, target):
        if not self.ptxas:
            return 'no ptxas here (scripts/vendors.sh; the CUDA toolkit)'
        if f"'{target}'" not in self.known:
            return 'too old for this ptxas (CUDA 12 and before know it)'
        return None

    def lacks_sass(self, target):
        if self.lacks_ptxas(target):
            return 'no ptxas for it'
        if not self.nvdisasm:
            return 'no nvdisasm here (scripts/vendors.sh; the CUDA toolkit)'
        if target.replace('sm_', 'SM') not in run(self.nvdisasm, '--help'):
            return 'too old for this nvdisasm'
        return None

    def version(self):
        versions = [run(self.clang, '--version').splitlines()[0]]
        for program in (self.ptxas, self.nvdisasm):
            if program:
                release = re.search(r'V([\d.]+)', run(program, '--version'))
                versions.append(f'{pathlib.Path(program).name} {release[1]}')
        return ', '.join(versions)

    @staticmethod
    def flush(options):
        """For this target clang knows the option by another name."""
        if FLUSH in options:
            yield from ('-Xclang',
                        '-fdenormal-fp-math-f32=preserve-sign,preserve-sign')

    def ptx(self, source, options):
        """The same for every target, so made once."""
        key = (source.read_text(), *options)
        with self.locks.setdefault(key, threading.Lock()):
            if key not in self.made:
                out = source.with_suffix('.ptx')
                run(self.clang, '-target', 'nvptx64-nvidia-nvcl',
                    '-Xclang', '-target-cpu', '-Xclang', self.targets[0],
                    '-Xclang', '-mlink-builtin-bitcode',
                    '-Xclang', NVIDIA_LIBRARY, '-xcl', '-cl-std=CL1.2',
                    '-D__OPENCL_VERSION__=120', GLOBAL_OFFSET, '-O3', '-w',
                    '-Dinline=__attribute__((always_inline))', *options,
                    *self.flush(options), '-S', '-o', out, source)
                self.made[key] = out
        return self.made[key]

    def compile(self, target, source, options):
        out = self.ptx(source, options)
        kernels = machine_code.read_ptx(out.read_text())
        if not self.lacks_ptxas(target):
            cubin = source.with_suffix(f'.{target}.cubin')
            machine_code.read_ptxas(
                run(self.ptxas, f'-arch={target}', '-v', '-o', cubin, out),
                kernels)
            if not self.lacks_sass(target):
                self.read_sass(run(self.nvdisasm, '-c', cubin), kernels)
        return kernels

    @staticmethod
    def read_sass(text, kernels):
        """A kernel is wrong if its PTX is, or what became of that."""
        for name, made in machine_code.read_sass(text).items():
            kernel = kernels.get(name)
            if not kernel or kernel.divisions or kernel.roots:
                continue
            if bool(made.fused) != bool(kernel.fused):
                rule = 'contracted' if made.fused else 'fused'
                kernel.wrong[rule].append(f'{made.fused} FFMA')
            for rule, texts in made.wrong.items():
                kernel.wrong[rule] += texts


class Intel:
    """The compiler of Intel's OpenCL runtime, which is a library of ocloc."""
    name = 'Intel'
    # and what iga64 calls them
    targets = {'skl': '9', 'tgllp': '12p1', 'dg2': 'xehpg'}

    def __init__(self, folder):
        self.folder = folder
        self.ocloc, self.iga = find('ocloc'), find('iga64')
        self.known = '' if not self.ocloc else run(
            self.ocloc, 'compile', '--help', any_status=True)

    def lacks(self, target):
        if not self.ocloc:
            return 'no ocloc here (scripts/vendors.sh; Debian: ' \
                   'intel-opencl-icd)'
        if not self.iga:
            return 'no iga64 here (scripts/vendors.sh; Debian: libigc-tools)'
        if not re.search(rf'\b{target}\b', self.known):
            return 'this ocloc does not know it' if 'Usage' in self.known \
                else self.known.strip()
        return None

    def partly(self, target):
        return ()

    def version(self):
        what = 'OCL_DRIVER_VERSION'  # and the file it is written to
        subprocess.run([self.ocloc, 'query', what], cwd=self.folder)
        return 'ocloc ' + (self.folder / what).read_text().strip(' \0\n')

    def compile(self, target, source, options):
        folder = source.with_suffix(f'.{target}')
        run(self.ocloc, 'compile', '-q', '-file', source, '-device', target,
            '-out_dir', folder, '-options', ' '.join(['-cl-std=CL1.2', *options]),
            '-internal_options', '-cl-intel-allow-zebin')
        parts = machine_code.sections(
            next(folder.glob('*.bin')).read_bytes())
        kernels = machine_code.read_intel_info(parts['.ze_info'].decode())
        for name, kernel in kernels.items():
            path = folder / name
            path.write_bytes(parts['.text.' + name])
            machine_code.read_intel(kernel, run(
                self.iga, '-d', '-p=' + self.targets[target], path))
        return kernels


ALL = (Amd, Nvidia, Intel)
