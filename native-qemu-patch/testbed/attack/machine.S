/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest of attack.py: firmware that brings its CPUs (one or two) into 64-bit mode and then does whatever the page at REQUEST says: copies
 * code, loads every register, CR3 and debug registers, and goes there, in any ring and code segment. What ends an attack is a jump to
 * `back`, an exception, or SIM. It is the whole kernel of this guest, so an attack can do all that a kernel can.
 *
 * A flat file of 64 KiB at 0xffff0000. Low memory is as attack.py has it, page tables included. Each CPU has a block of
 * requests, stacks, an IDT and a TSS of its own.
 */
#define REQUEST		0x8000
#define REQUEST_2	0x8400
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
#define DR6		112
#define FLAGS		120		/* of what came back */
#define REGISTERS	128		/* rax rcx rdx rbx rbp rsi rdi r8-r15 */
#define CPUS		256		/* 2: start the other CPU; in the first's block */
#define STORM		264		/* not 0: an NMI is counted, and no exception */
#define STRUCK		272		/* interrupts and NMIs that were counted */
#define GS		280		/* base of GS */
#define AUX		288		/* TSC_AUX */
#define KERNEL_CR3	0x200000
#define GDT		0xb000
#define TRAMPOLINE	0x2000
#define LAPIC		0xfee00000

#define KERNEL_CS	0x08
#define KERNEL_SS	0x10

	.text
	.code64
	.globl _start
_start:
base:

	/*
	 * Long mode, one CPU's: its block of requests, where attack.py stages code and where that goes, its stack, the stacks of
	 * exceptions, NMI and interrupts, IDT, TSS and selector of that, and where an attack jumps when it is done.
	 */
	.macro cpu n, request, staging, code, stack, exception_stack, nmi_stack, interrupt_stack, idt, tss, selector, back_at
long_mode_\n:
	mov	$KERNEL_SS, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	mov	$\stack, %esp
	lgdt	gdt_pointer(%rip)

	mov	$\tss, %edi
	xor	%eax, %eax
	mov	$13, %ecx
	cld
	rep stosq
	movl	$\exception_stack, \tss + 4	/* rsp0 */
	movl	$\exception_stack, \tss + 36	/* ist1 */
	movl	$\nmi_stack, \tss + 44		/* ist2 */
	movl	$\interrupt_stack, \tss + 52	/* ist3 */
	movw	$104, \tss + 102
	movb	$0x89, GDT + \selector + 5	/* not busy: an INIT may have come */
	mov	$\selector, %eax
	ltr	%ax

	mov	$\idt, %edi
	lea	vectors_\n(%rip), %rsi
	xor	%ecx, %ecx
1:
	cmp	$32, %ecx
	jb	2f
	lea	interrupt_\n(%rip), %rsi
2:
	mov	%rsi, %rax
	mov	%ax, (%rdi)
	movw	$KERNEL_CS, 2(%rdi)
	movw	$0xee01, 4(%rdi)	/* interrupt gate, any ring may raise it, ist1 */
	cmp	$32, %ecx
	jb	3f
	movb	$3, 4(%rdi)
3:
	shr	$16, %rax
	mov	%ax, 6(%rdi)
	movl	$0, 8(%rdi)
	movl	$0, 12(%rdi)
	add	$16, %rsi
	add	$16, %rdi
	inc	%ecx
	cmp	$256, %ecx
	jb	1b
	movb	$2, \idt + 2 * 16 + 4
	lidt	idt_pointer_\n(%rip)

	mov	$LAPIC + 0xf0, %eax
	movl	$0x1ff, (%rax)		/* the APIC is on */

	/* Every way back that the gate's `ret` can take. */
	movw	$0x25ff, \back_at	/* jmp *(rip) */
	movl	$0, \back_at + 2
	lea	back_\n(%rip), %rax
	mov	%rax, \back_at + 6

	.ifc \n, 1
	cmpq	$2, \request + CPUS
	jne	4f
	call	start_other
4:
	.endif
	incq	\request + BOOTS
	movq	$0, \request + STATE

	/* ---- one request after the other ---- */
ready_\n:
	mov	$\stack, %esp
1:
	pause
	cmpq	$1, \request + STATE
	jne	1b
	mov	$0xc0000101, %ecx
	mov	\request + GS, %eax
	mov	\request + GS + 4, %edx
	wrmsr
	mov	$0xc0000103, %ecx
	mov	\request + AUX, %eax
	xor	%edx, %edx
	wrmsr
	mov	\request + COPY, %rcx
	shl	$9, %rcx
	mov	$\staging, %esi
	mov	$\code, %edi
	cld
	rep movsq			/* by the guest itself, so that translated code is noticed */
	pushq	\request + SS
	pushq	\request + RSP
	pushq	\request + RFLAGS
	pushq	\request + CS
	pushq	\request + RIP
	mov	\request + CR3, %rax
	mov	%rax, %cr3
	mov	\request + DR0, %rax
	mov	%rax, %dr0
	mov	\request + DR7, %rax
	mov	%rax, %dr7
	xor	%eax, %eax
	mov	%rax, %dr6
	mov	%rax, %cr2
	mov	\request + REGISTERS, %rax
	mov	\request + REGISTERS + 8, %rcx
	mov	\request + REGISTERS + 16, %rdx
	mov	\request + REGISTERS + 24, %rbx
	mov	\request + REGISTERS + 32, %rbp
	mov	\request + REGISTERS + 40, %rsi
	mov	\request + REGISTERS + 48, %rdi
	mov	\request + REGISTERS + 56, %r8
	mov	\request + REGISTERS + 64, %r9
	mov	\request + REGISTERS + 72, %r10
	mov	\request + REGISTERS + 80, %r11
	mov	\request + REGISTERS + 88, %r12
	mov	\request + REGISTERS + 96, %r13
	mov	\request + REGISTERS + 104, %r14
	mov	\request + REGISTERS + 112, %r15
	iretq

	.macro save_registers_\n
	mov	%rax, \request + REGISTERS
	mov	%rcx, \request + REGISTERS + 8
	mov	%rdx, \request + REGISTERS + 16
	mov	%rbx, \request + REGISTERS + 24
	mov	%rbp, \request + REGISTERS + 32
	mov	%rsi, \request + REGISTERS + 40
	mov	%rdi, \request + REGISTERS + 48
	mov	%r8, \request + REGISTERS + 56
	mov	%r9, \request + REGISTERS + 64
	mov	%r10, \request + REGISTERS + 72
	mov	%r11, \request + REGISTERS + 80
	mov	%r12, \request + REGISTERS + 88
	mov	%r13, \request + REGISTERS + 96
	mov	%r14, \request + REGISTERS + 104
	mov	%r15, \request + REGISTERS + 112
	.endm

	.macro world_of_the_kernel_\n
	xor	%eax, %eax
	mov	%rax, %dr7
	mov	$KERNEL_CR3, %eax
	mov	%rax, %cr3
	mov	$\stack, %esp
	.endm

	.macro save_causes_\n
	mov	%cr2, %rax
	mov	%rax, \request + CR2
	mov	%dr6, %rax
	mov	%rax, \request + DR6
	.endm

back_\n:
	save_registers_\n
	mov	%rsp, \request + RSP
	mov	$\stack, %esp
	pushfq
	cli
	pop	\request + FLAGS
	save_causes_\n
	world_of_the_kernel_\n
	movq	$2, \request + STATE
	jmp	ready_\n

exception_\n:
	save_registers_\n
	pop	\request + VECTOR
	pop	\request + ERROR
	pop	\request + RIP
	pop	\request + CS
	pop	\request + RFLAGS
	pop	\request + RSP
	save_causes_\n
	world_of_the_kernel_\n
	movq	$3, \request + STATE
	jmp	ready_\n

	/* An NMI, in a storm or not; iretq lets the next one in. */
nmi_\n:
	cmpq	$0, \request + STORM
	je	1f
	incq	\request + STRUCK
	iretq
1:
	push	$0
	push	$2
	jmp	exception_\n

interrupt_\n:
	incq	\request + STRUCK
	push	%rax
	mov	$LAPIC + 0xb0, %eax
	movl	$0, (%rax)		/* end of interrupt */
	pop	%rax
	iretq

	.balign 16
vectors_\n:
	.irp vector, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
	.balign 16
	.if \vector == 2
	jmp	nmi_\n
	.else
	.if !((\vector == 8) || ((\vector >= 10) && (\vector <= 14)) || (\vector == 17) || (\vector == 21) || (\vector == 29) || (\vector == 30))
	push	$0
	.endif
	push	$\vector
	jmp	exception_\n
	.endif
	.endr
	.balign 16

idt_pointer_\n:
	.word	256 * 16 - 1
	.quad	\idt
	.endm

	cpu 1, REQUEST, 0x400000, 0x600000, 0x8000, 0x7000, 0x6800, 0x6400, 0xc000, 0xd000, 0x38, 0x1000002
	cpu 2, REQUEST_2, 0x404000, 0x604000, 0x6000, 0x5000, 0x4800, 0x4400, 0xa000, 0xd200, 0x50, 0x2000002

start_other:
	lea	trampoline(%rip), %rsi
	mov	$TRAMPOLINE, %edi
	mov	$(trampoline_end - trampoline), %ecx
	rep movsb
	mov	$LAPIC + 0x300, %eax
	movl	$0xc4500, (%rax)	/* INIT, all but this one */
	movl	$0xc4600 | TRAMPOLINE >> 12, (%rax)
	ret

trampoline:
	.code16
	cli
	lgdtl	%cs:(trampoline_pointer - trampoline)
	mov	%cr0, %eax
	or	$1, %al
	mov	%eax, %cr0
	mov	$1, %ebx
	ljmpl	$0x18, $(0xffff0000 + protected_mode - base)
trampoline_pointer:
	.word	gdt_end - gdt - 1
	.long	0xffff0000 + gdt - base
trampoline_end:
	.code64

	.balign 16
gdt:
	.quad	0
	.quad	0x00af9b000000ffff	/* 08: 64-bit code, ring 0 */
	.quad	0x00cf93000000ffff	/* 10: data, ring 0 */
	.quad	0x00cf9b000000ffff	/* 18: 32-bit code, ring 0 */
	.quad	0x00cff3000000ffff	/* 20: data, ring 3 */
	.quad	0x00affb000000ffff	/* 28: 64-bit code, ring 3 */
	.quad	0x00cffb000000ffff	/* 30: 32-bit code, ring 3 */
	.quad	0x0000890000000068 | (0xd000 << 16)	/* 38: TSS */
	.quad	0
	.quad	0x008f9b000000ffff	/* 48: 16-bit code, ring 0 */
	.quad	0x0000890000000068 | (0xd200 << 16)	/* 50: TSS of the other CPU */
	.quad	0
gdt_end:
gdt_pointer:
	.word	gdt_end - gdt - 1
	.quad	GDT

	/* ---- protected mode, flat, at the end of the file; ebx: 0 the first CPU, 1 the other ---- */
	.org 0xfe00
	.code32
protected_mode:
	mov	$KERNEL_SS, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	test	%ebx, %ebx
	jnz	1f
	mov	$(0xffff0000 + gdt - base), %esi	/* where the TSSes can be marked busy */
	mov	$GDT, %edi
	mov	$(gdt_end - gdt), %ecx
	cld
	rep movsb
1:
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
	test	%ebx, %ebx
	jnz	2f
	ljmp	$KERNEL_CS, $(0xffff0000 + long_mode_1 - base)
2:
	ljmp	$KERNEL_CS, $(0xffff0000 + long_mode_2 - base)

	.org 0xff00
	.code16
start:
	cli
	xor	%ebx, %ebx
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
