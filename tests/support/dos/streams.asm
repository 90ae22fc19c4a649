; SPDX-License-Identifier: MIT
; Writes to standard output and error in turn: "out 1", "err 1", ...; with every function that writes.
%include "dos.inc"
%macro say 3                    ; handle, text, length
        mov     ah, 40h
        mov     bx, %1
        mov     cx, %3
        mov     dx, %2
        int     21h
%endmacro
        mov     cx, 3
next:   push    cx
        say     1, out_text, 7
        say     2, err_text, 7
        inc     byte [out_text + 4]
        inc     byte [err_text + 4]
        pop     cx
        loop    next
        print   string
        mov     dl, '2'
        mov     ah, 2
        int     21h
        mov     dl, '6'
        mov     ah, 6
        int     21h
        exit    0
out_text db     'out 1', 13, 10
err_text db     'err 1', 13, 10
string  db      '9$'
        end_of_program
