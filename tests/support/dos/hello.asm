; SPDX-License-Identifier: MIT
; Prints, reads a line, prints it, returns 5.
%include "dos.inc"
        print   question
        mov     dx, line
        mov     ah, 0Ah
        int     21h
        print   answer
        mov     bl, [line + 1]
        xor     bh, bh
        mov     byte [line + 2 + bx], '$'
        print   line + 2
        print   stop
        exit    5
question db     'Your name? $'
answer  db      13, 10, 'Hello, $'
stop    db      '!', 13, 10, '$'
line    db      64, 0
        times 66 db 0
        end_of_program
