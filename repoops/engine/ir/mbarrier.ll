define internal ptr @mbarrier_at(ptr %ctx, <32 x i32> %offset, i32 %lane) {
  <<field shared ptr shared>>
  %o32 = extractelement <32 x i32> %offset, i32 %lane
  %o = zext i32 %o32 to i64
  %at = getelementptr i8, ptr %shared, i64 %o
  ret ptr %at
}
define internal void @mbarrier_wrong(ptr %ctx, i32 %site, <32 x i32> %offset, i32 %lane) cold noinline {
  %bit = shl i32 1, %lane
  %wide = zext <32 x i32> %offset to <32 x i64>
  <<wrong>>
  ret void
}
define internal void @mbarrier_init(ptr %ctx, i32 %site, <32 x i32> %offset, i32 %mask, <32 x i32> %counts) noinline {
entry:
  br label %lane
lane:
  %todo = phi i32 [%mask, %entry], [%todo1, %next]
  %none = icmp eq i32 %todo, 0
  br i1 %none, label %end, label %one
one:
  %l = call i32 @llvm.cttz.i32(i32 %todo, i1 true)
  %less = sub i32 %todo, 1
  %todo1 = and i32 %todo, %less
  %count = extractelement <32 x i32> %counts, i32 %l
  %count0 = sub i32 %count, 1
  %fits = icmp ult i32 %count0, 1048575
  br i1 %fits, label %good, label %bad
bad:
  call void @mbarrier_wrong(ptr %ctx, i32 %site, <32 x i32> %offset, i32 %l)
  br label %next
good:
  %at = call ptr @mbarrier_at(ptr %ctx, <32 x i32> %offset, i32 %l)
  %pending = zext i32 %count to i64
  %expected = shl i64 %pending, 20
  %word = or i64 %pending, %expected
  store i64 %word, ptr %at
  br label %next
next:
  br label %lane
end:
  ret void
}
define internal <32 x i64> @mbarrier_arrive(ptr %ctx, i32 %site, <32 x i32> %offset, i32 %mask, <32 x i32> %counts, i64 %drop) noinline {
entry:
  br label %lane
lane:
  %todo = phi i32 [%mask, %entry], [%todo1, %next]
  %states = phi <32 x i64> [zeroinitializer, %entry], [%states1, %next]
  %none = icmp eq i32 %todo, 0
  br i1 %none, label %end, label %one
one:
  %l = call i32 @llvm.cttz.i32(i32 %todo, i1 true)
  %less = sub i32 %todo, 1
  %todo1 = and i32 %todo, %less
  %at = call ptr @mbarrier_at(ptr %ctx, <32 x i32> %offset, i32 %l)
  %old = load i64, ptr %at
  %states1 = insertelement <32 x i64> %states, i64 %old, i32 %l
  %c32 = extractelement <32 x i32> %counts, i32 %l
  %count = zext i32 %c32 to i64
  %pending = and i64 %old, 1048575
  %count0 = sub i64 %count, 1
  %fits = icmp ult i64 %count0, %pending
  br i1 %fits, label %good, label %bad
bad:
  call void @mbarrier_wrong(ptr %ctx, i32 %site, <32 x i32> %offset, i32 %l)
  br label %next
good:
  ; Who drops out is not expected in later phases either.
  %fewer = mul i64 %count, %drop
  %fewer20 = shl i64 %fewer, 20
  %dropped = sub i64 %old, %fewer20
  %left = sub i64 %pending, %count
  %after = sub i64 %dropped, %count
  %whole = icmp eq i64 %left, 0
  %quiet.at = getelementptr i8, ptr %ctx, i64 <<ctx.quiet>>
  store i64 0, ptr %quiet.at
  br i1 %whole, label %complete, label %keep
complete:
  %expected = lshr i64 %dropped, 20
  %again = and i64 %expected, 1048575
  %phase = add i64 %after, 1099511627776
  %renewed = or i64 %phase, %again
  store i64 %renewed, ptr %at
  call void @advance(ptr %ctx, i64 <<LAST_EPOCH>>)
  br label %next
keep:
  store i64 %after, ptr %at
  br label %next
next:
  br label %lane
end:
  ret <32 x i64> %states
}
define internal i32 @mbarrier_done(ptr %ctx, <32 x i32> %offset, i32 %mask, <32 x i64> %states, i64 %bits) noinline {
entry:
<<track>>
  br label %lane
lane:
  %todo = phi i32 [%mask, %entry], [%todo1, %one]
  %done = phi i32 [0, %entry], [%done1, %one]
  %none = icmp eq i32 %todo, 0
  br i1 %none, label %end, label %one
one:
  %l = call i32 @llvm.cttz.i32(i32 %todo, i1 true)
  %less = sub i32 %todo, 1
  %todo1 = and i32 %todo, %less
  %at = call ptr @mbarrier_at(ptr %ctx, <32 x i32> %offset, i32 %l)
  %now = load i64, ptr %at
  %state = extractelement <32 x i64> %states, i32 %l
  %differ = xor i64 %now, %state
  %phase = and i64 %differ, %bits
  %over = icmp ne i64 %phase, 0
  %over32 = zext i1 %over to i32
  %bit = shl i32 %over32, %l
  %done1 = or i32 %done, %bit
  br label %lane
end:
  ret i32 %done
}
define internal i32 @mbarrier_wait(ptr %ctx, i32 %site, <32 x i32> %offset, i32 %mask, <32 x i64> %states, i64 %bits) noinline {
  %first = call i32 @mbarrier_done(ptr %ctx, <32 x i32> %offset, i32 %mask, <32 x i64> %states, i64 %bits)
  %all = icmp eq i32 %first, %mask
  br i1 %all, label %over, label %yield
over:
  ret i32 %first
yield:
  ; The others have their turn; if all that anybody does is to ask in vain, nobody will ever go on.
  %fiber = call ptr @fiber(ptr %ctx)
  %polled.at = getelementptr i8, ptr %fiber, i64 <<fiber.polled>>
  store i64 1, ptr %polled.at
  <<field quiet i64 quiet>>
  %quiet1 = add i64 %quiet, 1
  store i64 %quiet1, ptr %quiet.at
  %stuck = icmp ugt i64 %quiet1, <<patience>>
  br i1 %stuck, label %dead, label %on
dead:
  call void @die(ptr %ctx, i32 %site, i32 <<kind.deadlock>>, i32 %mask)
  unreachable
on:
  call void @leave(ptr %ctx, i64 <<READY>>)
  %second = call i32 @mbarrier_done(ptr %ctx, <32 x i32> %offset, i32 %mask, <32 x i64> %states, i64 %bits)
  ret i32 %second
}
define internal void @mbarrier_expect(ptr %ctx, <32 x i32> %offset, i32 %mask) noinline {
entry:
  br label %lane
lane:
  %todo = phi i32 [%mask, %entry], [%todo1, %one]
  %none = icmp eq i32 %todo, 0
  br i1 %none, label %end, label %one
one:
  %l = call i32 @llvm.cttz.i32(i32 %todo, i1 true)
  %less = sub i32 %todo, 1
  %todo1 = and i32 %todo, %less
  %at = call ptr @mbarrier_at(ptr %ctx, <32 x i32> %offset, i32 %l)
  %old = load i64, ptr %at
  %new = add i64 %old, 1
  store i64 %new, ptr %at
  br label %lane
end:
  ret void
}
