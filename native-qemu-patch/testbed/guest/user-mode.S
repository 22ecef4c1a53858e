/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A boot sector that goes to ring 3 and stays there: 16-bit protected mode,
 * no paging, no interrupts, no write of MSR_LSTAR.
 */
	.code16
	.globl	_start
_start:
	cli
	xorw	%ax, %ax
	movw	%ax, %ds
	movw	%ax, %ss
	movw	$_start, %sp
	lgdtw	gdtr
	movl	%cr0, %eax
	orb	$1, %al
	movl	%eax, %cr0
	ljmpw	$0x08, $protected
protected:
	pushw	$0x1b			/* SS, requested privilege level 3 */
	pushw	$_start			/* SP */
	pushw	$0x13			/* CS, likewise */
	pushw	$user			/* IP */
	lretw
user:
	jmp	user

	.balign	8
gdt:
	.quad	0
	.quad	0x00009a000000ffff	/* 0x08: code, ring 0, base 0, 64 KiB */
	.quad	0x0000fa000000ffff	/* 0x10: code, ring 3 */
	.quad	0x0000f2000000ffff	/* 0x18: data, ring 3 */
gdtr:
	.word	. - gdt - 1
	.long	gdt

	.org	510
	.word	0xaa55
