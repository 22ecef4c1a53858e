/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The gate of the SIM view: the only code through which a hook enters the SIM view and leaves
 * it. Three pages; README.md tells why each instruction is where it is.
 *
 *	.g1      gate page, normal view    hook -> ... -> entry VMFUNC (the last three bytes)
 *	.g2      gate page + 4096, SIM view   from there to the monitor and back
 *	.g1_sim  gate page, SIM view       the exit VMFUNC and nothing else
 *
 * The pages run wherever they are mapped, as long as G2 follows G1. What is
 * patched at load time has a symbol (docs/interfaces.md §2) and holds 0xcc
 * until then, so that a forgotten patch stops at once.
 */

/* Words that g1_enter has pushed, from the top of the stack upwards. */
#define SAVED_RSI	(9 * 8)
#define LINK		(14 * 8)	/* where G1's last ret goes */
#define RETURN_ADDRESS	(15 * 8)	/* what the hook's call pushed */
#define HOOK_RSP	(16 * 8)	/* rsp in the hooked function */

/* What g2_world does, and where it goes on. */
#define STAGE_ENTER	0	/* load the SIM CR3, then take a stack */
#define STAGE_CALL	1	/* only check it, then call the monitor */
#define STAGE_LEAVE	2	/* only check it, then go back to the guest */

/* Rounds over the bitmap before a search for a stack gives up: about a second. */
#define SEARCHES	0x1000000

	.macro vmfunc_leaf0
	.byte 0x0f, 0x01, 0xd4
	.endm

	.include "gates.inc"

/* ------------------------------------------------------------------------ */
	.section .g1, "ax", @progbits
	.code64
g1_page:

	/*
	 * A fentry hook's call comes here. The call below leaves the address
	 * of a ret as the link, so a fentry hook and a redirected call have
	 * the same stack from here on: link, return address, caller.
	 */
symbol g1_fentry
	call	g1_enter
g1_fentry_link:
	ret

	/* A redirected call comes here: the link is the function it was meant for. */
	call_stubs g1, g1_enter

g1_enter:
	pushfq
	push	%rax
	push	%rcx
	push	%rdx
	push	%rsi
	push	%rdi
	push	%r8
	push	%r9
	push	%r10
	push	%r11
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	mov	RETURN_ADDRESS(%rsp), %r11
	.byte	0x65, 0x48, 0x8b, 0x1c, 0x25	/* mov %gs:disp32, %rbx */
	patch	g1_current_offset, 4
	mov	%rcx, %r10
	/* IF, TF, DF, AC, NT off while still in the normal view (R3). */
	push	$2
	popfq
	jmp	g1_entry

	/* Back in the normal view, on the guest's stack, verdict in r11d. */
	.balign 16, 0xcc
symbol g1_exit
	vmfunc_leaf0
	test	%r11d, %r11d
	jz	1f
	/*
	 * Not allowed. A redirected call gets -1 as its second argument (the
	 * system call's number); a fentry hook has nothing to deny.
	 */
	lea	g1_fentry_link(%rip), %rax
	cmp	%rax, LINK(%rsp)
	je	1f
	movq	$-1, SAVED_RSI(%rsp)
1:
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	pop	%r11
	pop	%r10
	pop	%r9
	pop	%r8
	pop	%rdi
	pop	%rsi
	pop	%rdx
	pop	%rcx
	pop	%rax
	popfq
	ret
g1_code_end:

	.fill	PAGE - (g1_page_end - g1_entry) - (g1_code_end - g1_page), 1, 0xcc
g1_entry:
	xor	%eax, %eax
	mov	$1, %ecx
symbol g1_entry_vmfunc
	vmfunc_leaf0
g1_page_end:

/* ------------------------------------------------------------------------ */
	.section .g1_sim, "ax", @progbits
g1_sim_page:
	.fill	g1_exit - g1_page, 1, 0xcc
symbol g1_sim_exit
	vmfunc_leaf0
	.fill	PAGE - (. - g1_sim_page), 1, 0xcc

/* ------------------------------------------------------------------------ */
	.section .g2, "ax", @progbits
symbol g2_page
	/*
	 * Registers from G1: rdi rsi rdx r10 r8 r9 the hook's arguments, r11
	 * its return address, rbx the current task, rsp the guest's stack.
	 *
	 * Compatibility or 16-bit mode would decode what follows differently.
	 * 0x40 is a REX prefix in 64-bit mode and inc %eax elsewhere.
	 */
	xor	%eax, %eax
	.byte	0x40, 0x90
	test	%eax, %eax
	jnz	g2_trap_near
	mov	%rsp, %rbp
	mov	%cr3, %r12
	xor	%ecx, %ecx		/* STAGE_ENTER */

	/*
	 * The one place that knows the SIM CR3. Loads it (stage 0) or only
	 * looks (other stages); goes on only if it is the one in force.
	 * r13, since its 32-bit twin ebp is neither the address nor the source of what
	 * the immediate's upper zeros would decode to (add %al,(%eax)).
	 */
symbol g2_world
	.byte	0x49, 0xbd		/* movabs imm64, %r13 */
	patch	g2_sim_cr3, 8
	test	%ecx, %ecx
	jnz	1f
symbol g2_cr3_load
	mov	%r13, %cr3
1:
	mov	%cr3, %rax
	cmp	%r13, %rax
	jne	g2_trap_near
	xor	%eax, %eax
	xor	%r13d, %r13d
	test	%ecx, %ecx
	jz	g2_take_stack
	cmp	$STAGE_CALL, %ecx
	je	g2_call
	cmp	$STAGE_LEAVE, %ecx
	je	g2_leave
g2_trap_near:
	int3

	/*
	 * A free SIM stack. Every vCPU has one at most, so one is free or soon
	 * will be. The search ends all the same: whoever makes it search a full
	 * bitmap of his own must not keep a vCPU in the SIM view unseen.
	 */
g2_take_stack:
	mov	$SEARCHES, %r13d
	.byte	0x48, 0xb8		/* movabs imm64, %rax */
	patch	g2_stack_bitmap, 8
2:
	xor	%ecx, %ecx
3:
	lock btsq %rcx, (%rax)
	jnc	4f
	inc	%ecx
	.byte	0x81, 0xf9		/* cmp imm32, %ecx */
	patch	g2_stack_count, 4
	jb	3b
	pause
	dec	%r13d
	jnz	2b
	int3
4:
	mov	%ecx, %r13d
	.byte	0x48, 0x69, 0xc9	/* imul imm32, %rcx, %rcx */
	patch	g2_stack_stride, 4
	.byte	0x48, 0xbc		/* movabs imm64, %rsp */
	patch	g2_stack_top, 8
	add	%rcx, %rsp
	push	$2
	popfq
	push	%rax			/* the bitmap and the stack's bit, for the way back */
	push	%r13
	push	%r9			/* struct sim_call, from its end */
	push	%r8
	push	%r10
	push	%rdx
	push	%rsi
	push	%rdi
	push	%r11
	push	%rbx
	lea	HOOK_RSP(%rbp), %rax
	push	%rax
	push	%r12
	mov	%rsp, %rdi
	mov	$STAGE_CALL, %ecx
	jmp	g2_world

g2_call:
	.byte	0x48, 0xb8		/* movabs imm64, %rax */
	patch	g2_dispatch, 8
	call	*%rax
	mov	%eax, %r11d
	add	$80, %rsp		/* sizeof(struct sim_call) */
	pop	%rcx
	pop	%rax
	/* Leave the stack, then give it back: another vCPU may take it at once. */
	mov	%rbp, %rsp
	lock btrq %rcx, (%rax)
	mov	$STAGE_LEAVE, %ecx
	jmp	g2_world

	/* No access to memory from here on. */
g2_leave:
	mov	%r12, %cr3
	xor	%ebx, %ebx
	xor	%edx, %edx
	xor	%esi, %esi
	xor	%edi, %edi
	xor	%ebp, %ebp
	xor	%r8d, %r8d
	xor	%r9d, %r9d
	xor	%r10d, %r10d
	xor	%r12d, %r12d
	xor	%r13d, %r13d
	xor	%eax, %eax
	xor	%ecx, %ecx
	/* jmp g1_exit, a page below */
	.byte	0xe9
	.long	(g1_exit - g1_page) - PAGE - (g2_jump_end - g2_page)
g2_jump_end:
	int3
symbol g2_code_end
	.fill	PAGE - (. - g2_page), 1, 0xcc

	.section .note.GNU-stack, "", @progbits
