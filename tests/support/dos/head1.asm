; SPDX-License-Identifier: MIT
; Prints the first line of its input, which it reads byte by byte.
%include "dos.inc"
next:   mov     ah, 3Fh
        xor     bx, bx
        mov     cx, 1
        mov     dx, byte_read
        int     21h
        or      ax, ax
        jz      done
        mov     dl, [byte_read]
        mov     ah, 2
        int     21h
        cmp     byte [byte_read], 10
        jne     next
done:   exit    0
byte_read db    0
        end_of_program
