define internal void @print(ptr %ctx, i32 %mask, <32 x i64> %text, <32 x i64> %where) cold noinline {
entry:
  %texts = alloca <32 x i64>
  %wheres = alloca <32 x i64>
  store <32 x i64> %text, ptr %texts
  store <32 x i64> %where, ptr %wheres
  %used.at = getelementptr i8, ptr %ctx, i64 <<ctx.printed_used>>
  %room.at = getelementptr i8, ptr %ctx, i64 <<ctx.printed_room>>
  %room = load i64, ptr %room.at
  %out.at = getelementptr i8, ptr %ctx, i64 <<ctx.printed>>
  %out = load ptr, ptr %out.at
  %block.at = getelementptr i8, ptr %ctx, i64 <<ctx.block>>
  %block = load i64, ptr %block.at
  %current.at = getelementptr i8, ptr %ctx, i64 <<ctx.current>>
  %current = load i64, ptr %current.at
  %low.at = getelementptr i8, ptr %ctx, i64 <<ctx.locals>>
  %low = load i64, ptr %low.at
  %size.at = getelementptr i8, ptr %ctx, i64 <<ctx.local_size>>
  %size = load i64, ptr %size.at
  br label %lane
lane:
  %todo = phi i32 [%mask, %entry], [%todo1, %next]
  %none = icmp eq i32 %todo, 0
  br i1 %none, label %end, label %one
one:
  %l = call i32 @llvm.cttz.i32(i32 %todo, i1 true)
  %bit = shl i32 1, %l
  %unbit = xor i32 %bit, -1
  %todo1 = and i32 %todo, %unbit
  %l64 = zext i32 %l to i64
  %used = load i64, ptr %used.at
  %used1 = add i64 %used, 1
  store i64 %used1, ptr %used.at
  %fits = icmp ult i64 %used, %room
  br i1 %fits, label %keep, label %next
keep:
  %o = mul i64 %used, <<PRINT_SIZE>>
  %r = getelementptr i8, ptr %out, i64 %o
  %t.at = getelementptr i64, ptr %texts, i64 %l64
  %t = load i64, ptr %t.at
  store i64 %t, ptr %r
  %r8 = getelementptr i8, ptr %r, i64 8
  store i64 %block, ptr %r8
  %w32 = mul i64 %current, 32
  %thread = add i64 %w32, %l64
  %r16 = getelementptr i8, ptr %r, i64 16
  store i64 %thread, ptr %r16
  %w.at = getelementptr i64, ptr %wheres, i64 %l64
  %w = load i64, ptr %w.at
  %share = mul i64 %current, %size
  %start = add i64 %low, %share
  %rel = sub i64 %w, %start
  %last = sub i64 %size, <<PRINT_BYTES>>
  %inside = icmp ule i64 %rel, %last
  br i1 %inside, label %copy, label %next
copy:
  %r24 = getelementptr i8, ptr %r, i64 24
  %from = inttoptr i64 %w to ptr
  call void @llvm.memcpy.p0.p0.i64(ptr %r24, ptr %from, i64 <<PRINT_BYTES>>, i1 false)
  br label %next
next:
  br label %lane
end:
  ret void
}
