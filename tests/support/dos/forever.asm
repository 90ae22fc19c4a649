; SPDX-License-Identifier: MIT
; Says that it runs, and computes until it is ended.
%include "dos.inc"
        print   ready
again:  jmp     again
ready   db      'ready', 13, 10, '$'
        end_of_program
