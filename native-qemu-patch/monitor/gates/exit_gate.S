/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The gate of a monitor outside of the guest: a hook calls it, a write to an I/O
 * port leaves the guest, and the guest goes on when the monitor has answered.
 * One page, normal view; there is no other view, and nothing in it is secret.
 *
 * At the `out` the registers are (sim_abi.h, struct sim_call):
 *
 *	rdi rsi r10 rcx r8 r9	the hook's arguments (the third is in r10: dx holds the port)
 *	r11			the return address that the hook's call pushed
 *	rbx			the current task
 *	rbp			rsp, below what the gate has pushed
 *
 * Who answers puts the verdict into r11d and leaves all else as it is. r10 and r11 are the gate's
 * own, as in G1. Interrupts may come at any instruction: nothing here depends on the vCPU.
 */

/*
 * Above what x1_enter has pushed: in this page for a redirected call, in the hooked function for a
 * fentry hook.
 */
#define LINK		(4 * 8)

	.macro note_return_address
	mov	(%rsp), %r11
	.endm

	.include "gates.inc"

	.section .g1_exit, "ax", @progbits
	.code64
x1_page:
	call_stubs x1, x1_enter
	filters x1, x1_enter

symbol x1_fentry
	note_return_address
x1_enter:
	pushfq
	push	%rdx
	push	%rbx
	push	%rbp
	.byte	0x65, 0x48, 0x8b, 0x1c, 0x25	/* mov %gs:disp32, %rbx */
	patch	x1_current_offset, 4
	mov	%rsp, %rbp
	mov	%rdx, %r10
	.byte	0xba			/* mov imm32, %edx */
	patch	x1_port, 4
symbol x1_out
	out	%al, (%dx)
	test	%r11d, %r11d
	jnz	x1_denied
x1_leave:
	pop	%rbp
	pop	%rbx
	pop	%rdx
	popfq
	ret

	/*
	 * As in G1: a redirected call gets -1 as its second argument, a fentry hook has nothing to
	 * deny.
	 */
x1_denied:
	lea	x1_page(%rip), %rbx
	mov	LINK(%rsp), %rbp
	sub	%rbx, %rbp
	xor	%r11d, %r11d
	cmp	$PAGE, %rbp
	jae	x1_leave
	mov	$-1, %rsi
	jmp	x1_leave

	filter_bitmaps x1

	.fill	PAGE - (. - x1_page), 1, 0xcc

	.section .note.GNU-stack, "", @progbits
