#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""without-btf.py VMLINUZ OUT: writes the kernel that is packed in VMLINUZ, with the magic of its BTF overwritten.

The result is an ELF file that QEMU starts through its PVH entry, and a kernel whose structures nobody can tell.
"""
import subprocess
import sys

packed = open(sys.argv[1], "rb").read()
frame = packed.find(b"\x28\xb5\x2f\xfd")
if frame < 0:
    sys.exit("without-btf.py: %s is not packed with zstd" % sys.argv[1])
# What follows the frame is no frame, which zstd says when it has written all that matters.
kernel = subprocess.run(["zstd", "-dc"], input=packed[frame:], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
# struct btf_header of the kernel's own types: magic, version 1, flags 0, length 24, types at 0
header = kernel.find(b"\x9f\xeb\x01\x00\x18\x00\x00\x00\x00\x00\x00\x00")
if header < 0:
    sys.exit("without-btf.py: no BTF found")
with open(sys.argv[2], "wb") as out:
    out.write(kernel[:header] + b"\0\0" + kernel[header + 2:])
