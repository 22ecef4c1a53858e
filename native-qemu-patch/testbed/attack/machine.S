/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest of attack.py: firmware that brings the CPU into 64-bit mode and then does whatever the page at REQUEST says: copies code, loads
 * every register, CR3 and debug registers, and goes there, in any ring and code segment. What ends an attack is a jump to
 * `back`, an exception, or SIM. It is the whole kernel of this guest, so an attack can do all that a kernel can.
 *
 * A flat file of 64 KiB at 0xffff0000. Low memory is as attack.py has it, page tables included.
 */
#define REQUEST		0x8000
#define STATE		0		/* 0 ready, 1 asked, 2 came back, 3 exception; attack.py knows the rest */
#define RIP		8
#define CS		16
#define RFLAGS		24
#define RSP		32
#define SS		40
#define CR3		48
#define COPY		56		/* pages to copy from STAGING to CODE */
#define VECTOR		64
#define ERROR		72
#define CR2		80
#define BOOTS		88
#define DR0		96
#define DR7		104
#define REGISTERS	128		/* rax rcx rdx rbx rbp rsi rdi r8-r15 */
#define STAGING		0x400000
#define CODE		0x600000
#define KERNEL_CR3	0x200000
#define STACK		0x8000
#define EXCEPTION_STACK	0x7000
#define GS_BASE		0x9000
#define GDT		0xb000
#define IDT		0xc000
#define TSS		0xd000
#define BACK		0x1000002	/* harmless when it is taken for flags */

#define KERNEL_CS	0x08
#define KERNEL_SS	0x10

	.text
	.code64
	.globl _start
_start:
base:

	/* ---- long mode ---- */
long_mode:
	mov	$KERNEL_SS, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	mov	$STACK, %esp

	lea	gdt(%rip), %rsi		/* where the TSS can be marked busy */
	mov	$GDT, %edi
	mov	$(gdt_end - gdt), %ecx
	cld
	rep movsb
	lgdt	gdt_pointer(%rip)

	mov	$TSS, %edi
	xor	%eax, %eax
	mov	$13, %ecx
	rep stosq
	movl	$EXCEPTION_STACK, TSS + 4	/* rsp0 */
	movl	$EXCEPTION_STACK, TSS + 36	/* ist1 */
	movw	$104, TSS + 102
	mov	$0x38, %eax
	ltr	%ax

	mov	$IDT, %edi
	lea	vectors(%rip), %rsi
	mov	$32, %ecx
1:
	mov	%rsi, %rax
	mov	%ax, (%rdi)
	movw	$KERNEL_CS, 2(%rdi)
	movw	$0xee01, 4(%rdi)	/* interrupt gate, any ring may raise it, ist1 */
	shr	$16, %rax
	mov	%ax, 6(%rdi)
	movl	$0, 8(%rdi)
	movl	$0, 12(%rdi)
	add	$16, %rsi
	add	$16, %rdi
	dec	%ecx
	jnz	1b
	lidt	idt_pointer(%rip)

	mov	$0xc0000101, %ecx	/* GS base */
	mov	$GS_BASE, %eax
	xor	%edx, %edx
	wrmsr

	/* Every way back that the gate's `ret` can take. */
	movw	$0x25ff, BACK		/* jmp *(rip) */
	movl	$0, BACK + 2
	lea	back(%rip), %rax
	mov	%rax, BACK + 6

	incq	REQUEST + BOOTS
	movq	$0, REQUEST + STATE

	/* ---- one request after the other ---- */
ready:
	mov	$STACK, %esp
1:
	pause
	cmpq	$1, REQUEST + STATE
	jne	1b
	mov	REQUEST + COPY, %rcx
	shl	$9, %rcx
	mov	$STAGING, %esi
	mov	$CODE, %edi
	cld
	rep movsq			/* by the guest itself, so that translated code is noticed */
	pushq	REQUEST + SS
	pushq	REQUEST + RSP
	pushq	REQUEST + RFLAGS
	pushq	REQUEST + CS
	pushq	REQUEST + RIP
	mov	REQUEST + CR3, %rax
	mov	%rax, %cr3
	mov	REQUEST + DR0, %rax
	mov	%rax, %dr0
	mov	REQUEST + DR7, %rax
	mov	%rax, %dr7
	mov	REQUEST + REGISTERS, %rax
	mov	REQUEST + REGISTERS + 8, %rcx
	mov	REQUEST + REGISTERS + 16, %rdx
	mov	REQUEST + REGISTERS + 24, %rbx
	mov	REQUEST + REGISTERS + 32, %rbp
	mov	REQUEST + REGISTERS + 40, %rsi
	mov	REQUEST + REGISTERS + 48, %rdi
	mov	REQUEST + REGISTERS + 56, %r8
	mov	REQUEST + REGISTERS + 64, %r9
	mov	REQUEST + REGISTERS + 72, %r10
	mov	REQUEST + REGISTERS + 80, %r11
	mov	REQUEST + REGISTERS + 88, %r12
	mov	REQUEST + REGISTERS + 96, %r13
	mov	REQUEST + REGISTERS + 104, %r14
	mov	REQUEST + REGISTERS + 112, %r15
	iretq

	.macro save_registers
	mov	%rax, REQUEST + REGISTERS
	mov	%rcx, REQUEST + REGISTERS + 8
	mov	%rdx, REQUEST + REGISTERS + 16
	mov	%rbx, REQUEST + REGISTERS + 24
	mov	%rbp, REQUEST + REGISTERS + 32
	mov	%rsi, REQUEST + REGISTERS + 40
	mov	%rdi, REQUEST + REGISTERS + 48
	mov	%r8, REQUEST + REGISTERS + 56
	mov	%r9, REQUEST + REGISTERS + 64
	mov	%r10, REQUEST + REGISTERS + 72
	mov	%r11, REQUEST + REGISTERS + 80
	mov	%r12, REQUEST + REGISTERS + 88
	mov	%r13, REQUEST + REGISTERS + 96
	mov	%r14, REQUEST + REGISTERS + 104
	mov	%r15, REQUEST + REGISTERS + 112
	.endm

	.macro world_of_the_kernel
	xor	%eax, %eax
	mov	%rax, %dr7
	mov	$KERNEL_CR3, %eax
	mov	%rax, %cr3
	mov	$STACK, %esp
	.endm

back:
	save_registers
	world_of_the_kernel
	movq	$2, REQUEST + STATE
	jmp	ready

exception:
	save_registers
	pop	REQUEST + VECTOR
	pop	REQUEST + ERROR
	pop	REQUEST + RIP
	pop	REQUEST + CS
	pop	REQUEST + RFLAGS
	pop	REQUEST + RSP
	mov	%cr2, %rax
	mov	%rax, REQUEST + CR2
	world_of_the_kernel
	movq	$3, REQUEST + STATE
	jmp	ready

	.balign 16
vectors:
	.irp vector, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	.balign 16
	.if !((\vector == 8) || ((\vector >= 10) && (\vector <= 14)) || (\vector == 17) || (\vector == 21) || (\vector == 29) || (\vector == 30))
	push	$0
	.endif
	push	$\vector
	jmp	exception
	.endr

	.balign 16
gdt:
	.quad	0
	.quad	0x00af9a000000ffff	/* 08: 64-bit code, ring 0 */
	.quad	0x00cf92000000ffff	/* 10: data, ring 0 */
	.quad	0x00cf9a000000ffff	/* 18: 32-bit code, ring 0 */
	.quad	0x00cff2000000ffff	/* 20: data, ring 3 */
	.quad	0x00affa000000ffff	/* 28: 64-bit code, ring 3 */
	.quad	0x00cffa000000ffff	/* 30: 32-bit code, ring 3 */
	.quad	0x0000890000000068 | (TSS & 0xffffff) << 16	/* 38: TSS */
	.quad	0
	.quad	0x008f9a000000ffff	/* 48: 16-bit code, ring 0 */
gdt_end:
gdt_pointer:
	.word	gdt_end - gdt - 1
	.quad	GDT
idt_pointer:
	.word	32 * 16 - 1
	.quad	IDT

	/* ---- protected mode, flat, at the end of the file ---- */
	.org 0xfe00
	.code32
protected_mode:
	mov	$KERNEL_SS, %eax
	mov	%eax, %ds
	mov	%eax, %ss
	mov	%cr4, %eax
	or	$0x300620, %eax		/* PAE, OSFXSR, SMEP, SMAP */
	mov	%eax, %cr4
	mov	$KERNEL_CR3, %eax
	mov	%eax, %cr3
	mov	$0xc0000080, %ecx
	rdmsr
	or	$0x900, %eax		/* LME, NXE */
	wrmsr
	mov	%cr0, %eax
	or	$0x80010000, %eax	/* PG, WP */
	mov	%eax, %cr0
	ljmp	$KERNEL_CS, $(0xffff0000 + long_mode - base)

	.org 0xff00
	.code16
start:
	cli
	lgdtl	%cs:(early_pointer - base)
	mov	%cr0, %eax
	or	$1, %al
	mov	%eax, %cr0
	ljmpl	$0x18, $(0xffff0000 + protected_mode - base)

	.org 0xff80
early_pointer:
	.word	gdt_end - gdt - 1
	.long	0xffff0000 + gdt - base

	.org 0xfff0
	jmp	start
	.org 0x10000
