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
define internal ptr @async_entry(ptr %ctx, i32 %site, i32 %size, i32 %mask, <32 x i32> %to) alwaysinline {
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
  %data = getelementptr i8, ptr %e, i64 <<data>>
  store i64 %after, ptr %used.at
  ret ptr %data
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
entry:
  %e4 = getelementptr i8, ptr %e, i64 4
  %mask = load i32, ptr %e4
  %e8 = getelementptr i8, ptr %e, i64 8
  %size = load i32, ptr %e8
  %e12 = getelementptr i8, ptr %e, i64 12
  %site = load i32, ptr %e12
  %tos = getelementptr i8, ptr %e, i64 <<HEAD>>
  %to = load <32 x i32>, ptr %tos, align 4
<<arrive>>
  %data = getelementptr i8, ptr %e, i64 <<data>>
  %base.at = getelementptr i8, ptr %ctx, i64 <<ctx.shared>>
  %base = load ptr, ptr %base.at
  %all = icmp eq i32 %mask, -1
  %large = icmp eq i32 %size, 16
  %both = and i1 %all, %large
  %size64 = zext i32 %size to i64
  br i1 %both, label %whole, label %lane
whole:
<<whole>>
  br label %landed
lane:
  %todo = phi i32 [%mask, %<<start>>], [%todo1, %one]
  %none = icmp eq i32 %todo, 0
  br i1 %none, label %landed, label %one
one:
  %l = call i32 @llvm.cttz.i32(i32 %todo, i1 true)
  %less = sub i32 %todo, 1
  %todo1 = and i32 %todo, %less
  %l64 = zext i32 %l to i64
  %t.at = getelementptr i32, ptr %tos, i64 %l64
  %t = load i32, ptr %t.at, align 4
  %t64 = zext i32 %t to i64
  %p = getelementptr i8, ptr %base, i64 %t64
  %o = mul i64 %l64, %size64
  %d = getelementptr i8, ptr %data, i64 %o
  call void @llvm.memcpy.p0.p0.i64(ptr align 1 %p, ptr align 1 %d, i64 %size64, i1 false)
  br label %lane
landed:
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
define internal void @async_track(ptr %ctx) noinline {
entry:
  <<field warps i64 warps>>
  <<field current i64 current>>
  br label %warp
warp:
  %w = phi i64 [0, %entry], [%w1, %done]
  store i64 %w, ptr %current.at
  %fiber = call ptr @fiber(ptr %ctx)
  %used.at = getelementptr i8, ptr %fiber, i64 <<fiber.async_used>>
  %used = load i64, ptr %used.at
  %base = call ptr @async_base(ptr %ctx)
  br label %find
find:
  %at = phi i64 [0, %warp], [%at1, %found]
  %last = phi i64 [0, %warp], [%last1, %found]
  %more = icmp ult i64 %at, %used
  br i1 %more, label %found, label %land
found:
  %e = getelementptr i8, ptr %base, i64 %at
  %e8 = getelementptr i8, ptr %e, i64 8
  %size = load i32, ptr %e8
  %arrival = icmp eq i32 %size, 0
  %at1 = add i64 %at, <<ENTRY>>
  %last1 = select i1 %arrival, i64 %at1, i64 %last
  br label %find
land:
  %k = phi i64 [0, %find], [%k1, %landed]
  %due = icmp ult i64 %k, %last
  br i1 %due, label %landed, label %rest
landed:
  %d = getelementptr i8, ptr %base, i64 %k
  call void @async_land(ptr %ctx, ptr %d)
  %k1 = add i64 %k, <<ENTRY>>
  br label %land
rest:
  %kept = sub i64 %used, %last
  %from = getelementptr i8, ptr %base, i64 %last
  call void @llvm.memmove.p0.p0.i64(ptr %base, ptr %from, i64 %kept, i1 false)
  store i64 %kept, ptr %used.at
  br label %done
done:
  %w1 = add i64 %w, 1
  %again = icmp ult i64 %w1, %warps
  br i1 %again, label %warp, label %end
end:
  store i64 %current, ptr %current.at
  ret void
}
