; SPDX-License-Identifier: MIT
; A filter: standard input in capital letters, block by block.
%include "dos.inc"
next:   mov     ah, 3Fh
        xor     bx, bx
        mov     cx, 4096
        mov     dx, block
        int     21h
        jc      failed
        or      ax, ax
        jz      done
        mov     cx, ax
        mov     si, block
letter: cmp     byte [si], 'a'
        jb      kept
        cmp     byte [si], 'z'
        ja      kept
        sub     byte [si], 20h
kept:   inc     si
        loop    letter
        mov     cx, ax
        mov     ah, 40h
        mov     bx, 1
        mov     dx, block
        int     21h
        jc      failed
        cmp     ax, cx
        je      next
failed: exit    1
done:   exit    0
        end_of_program
block:
