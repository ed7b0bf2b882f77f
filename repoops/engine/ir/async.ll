define internal ptr @async_base(ptr %ctx) {
  %base.at = getelementptr i8, ptr %ctx, i64 <<ctx.async>>
  %base = load ptr, ptr %base.at
  %size.at = getelementptr i8, ptr %ctx, i64 <<ctx.async_size>>
  %size = load i64, ptr %size.at
  %current.at = getelementptr i8, ptr %ctx, i64 <<ctx.current>>
  %current = load i64, ptr %current.at
  %o = mul i64 %current, %size
  %at = getelementptr i8, ptr %base, i64 %o
  ret ptr %at
}
define internal void @async_put(ptr %ctx, i32 %site, i32 %size, i32 %mask, <32 x i32> %to, <128 x i32> %data) noinline {
  %fiber = call ptr @fiber(ptr %ctx)
  %used.at = getelementptr i8, ptr %fiber, i64 <<fiber.async_used>>
  %used = load i64, ptr %used.at
  %group.at = getelementptr i8, ptr %fiber, i64 <<fiber.async_group>>
  %group = load i64, ptr %group.at
  %room.at = getelementptr i8, ptr %ctx, i64 <<ctx.async_size>>
  %room = load i64, ptr %room.at
  %after = add i64 %used, <<ENTRY>>
  %over = icmp ugt i64 %after, %room
  br i1 %over, label %full, label %put
full:
  call void @die(ptr %ctx, i32 %site, i32 <<kind.async-overflow>>, i32 %mask)
  unreachable
put:
  %base = call ptr @async_base(ptr %ctx)
  %e = getelementptr i8, ptr %base, i64 %used
  %group32 = trunc i64 %group to i32
  store i32 %group32, ptr %e
  %e4 = getelementptr i8, ptr %e, i64 4
  store i32 %mask, ptr %e4
  %e8 = getelementptr i8, ptr %e, i64 8
  store i32 %size, ptr %e8
  %e12 = getelementptr i8, ptr %e, i64 12
  store i32 %site, ptr %e12
  %e16 = getelementptr i8, ptr %e, i64 <<HEAD>>
  store <32 x i32> %to, ptr %e16, align 4
  %d = getelementptr i8, ptr %e, i64 <<data>>
  store <128 x i32> %data, ptr %d, align 4
  store i64 %after, ptr %used.at
  ret void
}
define internal void @async_commit(ptr %ctx) noinline {
  %fiber = call ptr @fiber(ptr %ctx)
  %group.at = getelementptr i8, ptr %fiber, i64 <<fiber.async_group>>
  %group = load i64, ptr %group.at
  %next = add i64 %group, 1
  store i64 %next, ptr %group.at
  ret void
}
define internal void @async_land(ptr %ctx, ptr %e) noinline {
  %e4 = getelementptr i8, ptr %e, i64 4
  %mask = load i32, ptr %e4
  %e8 = getelementptr i8, ptr %e, i64 8
  %size = load i32, ptr %e8
  %e12 = getelementptr i8, ptr %e, i64 12
  %site = load i32, ptr %e12
  %e16 = getelementptr i8, ptr %e, i64 <<HEAD>>
  %to = load <32 x i32>, ptr %e16, align 4
  %data = getelementptr i8, ptr %e, i64 <<data>>
  %base.at = getelementptr i8, ptr %ctx, i64 <<ctx.shared>>
  %base = load ptr, ptr %base.at
  %wide = zext <32 x i32> %to to <32 x i64>
  %at = getelementptr i8, ptr %base, <32 x i64> %wide
<<stores>>
<<lands>>
  ret void
}
define internal void @async_wait(ptr %ctx, i64 %pending) noinline {
entry:
  %fiber = call ptr @fiber(ptr %ctx)
  %used.at = getelementptr i8, ptr %fiber, i64 <<fiber.async_used>>
  %used = load i64, ptr %used.at
  %group.at = getelementptr i8, ptr %fiber, i64 <<fiber.async_group>>
  %group = load i64, ptr %group.at
  %base = call ptr @async_base(ptr %ctx)
  %all = icmp slt i64 %pending, 0
  %bound.0 = sub i64 %group, %pending
  %bound.1 = select i1 %all, i64 2147483647, i64 %bound.0
  br label %loop
loop:
  %at = phi i64 [0, %entry], [%at1, %next]
  %kept = phi i64 [0, %entry], [%kept1, %next]
  %more = icmp ult i64 %at, %used
  br i1 %more, label %one, label %end
one:
  %e = getelementptr i8, ptr %base, i64 %at
  %at1 = add i64 %at, <<ENTRY>>
  %g32 = load i32, ptr %e
  %g = sext i32 %g32 to i64
  %due = icmp slt i64 %g, %bound.1
  br i1 %due, label %land, label %keep
land:
  call void @async_land(ptr %ctx, ptr %e)
  br label %next
keep:
  %k = getelementptr i8, ptr %base, i64 %kept
  call void @llvm.memmove.p0.p0.i64(ptr %k, ptr %e, i64 <<ENTRY>>, i1 false)
  %kept2 = add i64 %kept, <<ENTRY>>
  br label %next
next:
  %kept1 = phi i64 [%kept, %land], [%kept2, %keep]
  br label %loop
end:
  store i64 %kept, ptr %used.at
  ret void
}
